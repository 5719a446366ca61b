// A service that runs in another process, reached over gRPC. Its methods can be bound into a registry, so
// that HTTP routes, validation and documentation are those of a single process (the gateway does that), or
// called by name (src/clients does that). The context of a call travels along: who calls, under which key, on
// behalf of which request, until when.
//
// When the other process cannot be reached: a call that was under way ends with 503, and from then on all do
// so at once, until a probe has an answer. Nothing is ever sent twice: whether a call that broke off had an
// effect is not known here, and its caller may repeat it under its key.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "platform/rpc/invoker.h"
#include "platform/runtime/executor.h"
#include "platform/runtime/module.h"
#include "platform/telemetry/metrics.h"

namespace ducat::rpc {

struct RemoteOptions {
  std::string name;  // "wallet": in errors, logs and metrics
  // "host:port", with an IPv6 address in brackets. Several: instances of which one leads; a call that one of
  // them has certainly not done goes to the next.
  std::vector<std::string> addresses;
  std::string secret;                         // the internal secret
  Duration deadline = Duration::seconds(10);  // of a call; a shorter one of its context counts
  size_t max_calls = 10'000;                  // under way at a time; more are 503 at once
  Duration probe_interval = Duration::seconds(1);
  Duration probe_interval_down = Duration::millis(200);
  Duration probe_timeout = Duration::seconds(1);
};

// What it is given.
struct RemotePorts {
  Clock& clock;
  Timers& timers;      // end before the service is destroyed
  Executor& executor;  // of the probes; keeps the order
};

// Start once, stop once; calls in between, from any thread. Before `start` and after `stop` calls are 503.
class RemoteService final : public Invoker {
 public:
  RemoteService(RemoteOptions options, RemotePorts ports);
  ~RemoteService() override;

  // Begins to probe, and waits until the first probe has an answer or none (at most `probe_timeout` and a
  // bit). Not reaching the other process is no error: it may start later.
  void start();
  // Ends probes and calls (with 503) and waits until they have ended; the executors still run.
  void stop();

  // Binds every method of a service of the contracts: "ducat.wallet.v1.WalletService". One that is not in the
  // contracts is a programmer's error. The registry's calls end before this is destroyed.
  void bind(Registry& registry, std::string_view contract);
  Task<std::expected<void, ApiError>> invoke(std::string_view method,
                                             const google::protobuf::Message& request,
                                             google::protobuf::Message& response,
                                             CallContext& context) override;

  const std::string& name() const;
  // What the last probe heard: ready when the other process is, with the journal's progress it told. Of
  // several: that of the one that leads, else of one that is ready.
  Health health() const;
  // Gauges and counters, while the watches live.
  std::vector<metrics::Watch> watch(metrics::Registry& registry);

 private:
  class Probes;
  class Route;
  class Call;
  struct Channel;
  struct Places;
  struct Exchange;

  std::unique_ptr<Places> places_;
  std::vector<std::unique_ptr<Probes>> probes_;  // of each place
  const std::string name_;
};

}  // namespace ducat::rpc
