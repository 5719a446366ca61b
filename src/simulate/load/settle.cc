// See settle.h.
#include "simulate/load/settle.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "simulate/load/answers.h"

namespace ducat::load {
namespace {

constexpr int64_t kFetchMicros = 5'000'000;
constexpr int64_t kPollMicros = 10'000;
constexpr std::string_view kGauge = "ducat_projection_lag_events";
constexpr std::string_view kBackground = "service=\"risk\"";

// False when the time was up.
bool wait_for(const Connection& connection, short events, int64_t until, Clock& clock) {
  int64_t left = until - clock.monotonic().micros;
  pollfd poll_for{.fd = connection.fd(), .events = events, .revents = 0};
  return left > 0 && ::poll(&poll_for, 1, static_cast<int>(left / 1000 + 1)) == 1;
}

Result<double> read_lag(const Address& address, const RequestWriter& writer, Clock& clock) {
  Result<std::string> metrics = fetch(address, writer, "/metrics", clock);
  if (metrics) {
    if (auto lag = lag_in_metrics(*metrics)) return *lag;
  } else if (metrics.error().code != Errc::kNotFound) {
    return propagate(metrics);
  }
  DUCAT_ASSIGN(std::string health, fetch(address, writer, "/health", clock));
  if (auto lag = lag_in_health(health)) return *lag;
  return fail(Errc::kNotFound, "the server does not tell how far its tables are behind");
}

}  // namespace

Result<std::string> fetch(const Address& address, const RequestWriter& writer, std::string_view path,
                          Clock& clock) {
  int64_t until = clock.monotonic().micros + kFetchMicros;
  auto late = [&] { return fail(Errc::kTimeout, "no answer to GET " + std::string(path) + " within 5 s"); };
  Connection connection(1);
  DUCAT_TRY(connection.connect(address));
  if (connection.state() == Connection::State::kConnecting) {
    if (!wait_for(connection, POLLOUT, until, clock)) return late();
    DUCAT_TRY(connection.finish_connect());
  }
  writer.get(connection.out(), path);
  connection.push({});
  if (connection.flush() != Connection::Io::kDone) return fail(Errc::kUnavailable, "the connection broke");
  std::vector<char> buffer(64 * 1024);
  std::optional<std::pair<int, std::string>> answered;
  while (!answered) {
    if (!wait_for(connection, POLLIN, until, clock)) return late();
    auto io = connection.receive(buffer, [&](const Answer& answer) {
      connection.pop();
      answered.emplace(answer.status, answer.body);
    });
    if (io == Connection::Io::kLost && !answered) return fail(Errc::kUnavailable, "the connection broke");
  }
  if (answered->first == 200) return std::move(answered->second);
  return fail(Errc::kNotFound, "GET " + std::string(path) + " answered " + std::to_string(answered->first));
}

std::optional<double> lag_in_metrics(std::string_view text) {
  std::optional<double> sum;
  while (!text.empty()) {
    std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(kGauge)) continue;
    if (line.contains(kBackground)) continue;
    size_t after = kGauge.size();
    if (after < line.size() && line[after] == '{') after = line.find('}', after) + 1;
    if (after == 0 || after >= line.size() || line[after] != ' ') continue;  // a longer name, or no value
    sum = sum.value_or(0) + std::strtod(line.c_str() + after, nullptr);
  }
  return sum;
}

std::optional<double> lag_in_health(std::string_view json) {
  size_t journal = json.find("\"journal\":");
  if (journal == std::string_view::npos) return std::nullopt;
  std::string number(number_after(json.substr(journal), "\"lag\":"));
  if (number.empty()) return std::nullopt;
  return std::strtod(number.c_str(), nullptr);
}

Result<std::optional<int64_t>> wait_until_settled(const Address& address, const RequestWriter& writer,
                                                  int64_t limit_micros, Clock& clock) {
  int64_t until = clock.monotonic().micros + limit_micros;
  double lag = 0;
  for (int64_t at = 0; at < until;) {
    Result<double> read = read_lag(address, writer, clock);
    at = clock.monotonic().micros;
    if (!read && read.error().code == Errc::kNotFound) return std::optional<int64_t>();
    if (!read && !read.error().retryable()) return propagate(read);
    if (read && *read == 0) return std::optional<int64_t>(at);
    if (read) lag = *read;
    ::poll(nullptr, 0, kPollMicros / 1000);
  }
  return fail(Errc::kTimeout, "the tables were still " + std::to_string(static_cast<int64_t>(lag)) +
                                  " events behind after " + std::to_string(limit_micros / 1'000'000) + " s");
}

}  // namespace ducat::load
