// Waiting for the server's tables to catch up with its journal. A throughput that leaves a backlog behind is
// not one that can be kept up, so the time until the backlog is gone belongs to the measurement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "simulate/load/connection.h"
#include "simulate/load/http_wire.h"

namespace ducat::load {

// One GET on a connection of its own: the body of a 200. kNotFound for another status, kTimeout after 5 s.
Result<std::string> fetch(const Address& address, const RequestWriter& writer, std::string_view path,
                          Clock& clock);

// The sum of the gauge `ducat_projection_lag_events` over its labels in Prometheus text, but for the risk
// service, which reads the wallets' journal in the background. Nothing if it is not there.
std::optional<double> lag_in_metrics(std::string_view text);
// The `lag` of the `journal` object of GET /health; nothing if it is not there.
std::optional<double> lag_in_health(std::string_view json);

// Waits until the lag that GET /metrics (or GET /health) tells is 0, at most `limit_micros`. Answers the time
// on the monotonic clock when it was; nothing if the server does not tell its lag; kTimeout if it did not
// fall.
Result<std::optional<int64_t>> wait_until_settled(const Address& address, const RequestWriter& writer,
                                                  int64_t limit_micros, Clock& clock);

}  // namespace ducat::load
