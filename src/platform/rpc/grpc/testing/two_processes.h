// Two processes in one: a service that serves its registry over gRPC, and a gateway whose registry has the
// same methods bound to it.
#pragma once

#include <gtest/gtest.h>

#include "base/system.h"
#include "ducat/system/v1/system.pb.h"
#include "platform/rpc/grpc/grpc_server.h"
#include "platform/rpc/grpc/remote_service.h"
#include "platform/rpc/testing/dispatcher_fixture.h"

namespace ducat::rpc::testing {

inline const std::string kSecret = "a secret of at least 32 characters";

// Waits for a condition that another thread brings about; false after ten seconds.
template <typename Condition>
bool soon(Condition condition) {
  SystemClock clock;
  Timestamp end = clock.monotonic() + Duration::seconds(10);
  while (clock.monotonic() < end) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

// A clock that is wrong by so much.
class SkewedClock final : public Clock {
 public:
  Timestamp now() override { return system.now() + skew; }
  Timestamp monotonic() override { return system.monotonic(); }
  SystemClock system;
  Duration skew;
};

class TwoProcesses : public DispatcherTest {
 protected:
  TwoProcesses() {
    registry.bind<system::v1::HealthRequest, system::v1::HealthReply>(
        "ducat.system.v1.SystemService.Ready",
        [this](const system::v1::HealthRequest&, CallContext& call) { return answer_ready(call); });
    server_options.clock = &time;
    server_options.secret = kSecret;
    server_options.observer = &server_observer;
    remote_options.name = "things";
    remote_options.secret = kSecret;
    remote_options.probe_interval = Duration::millis(50);
    remote_options.probe_interval_down = Duration::millis(20);
    options.authenticator = &tokens;
  }
  ~TwoProcesses() override {
    if (remote) remote->stop();
    if (server) server->stop(Duration{0});
  }

  Task<Reply<system::v1::HealthReply>> answer_ready(CallContext& call) {
    system::v1::HealthReply reply;
    reply.set_status(ready ? "ok" : "unavailable");
    reply.mutable_journal()->set_position(12);
    reply.mutable_journal()->set_projected(10);
    if (!ready) call.out.status = 503;
    co_return reply;
  }

  void start_server(uint16_t port = 0) {
    server_options.port = port;
    server = std::make_unique<GrpcServer>(registry, server_options);
    Status started = server->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  void stop_server() {
    server->stop(Duration{0});
    server.reset();
  }
  void start_remote() {
    if (remote_options.addresses.empty())
      remote_options.addresses = {"127.0.0.1:" + std::to_string(server->port())};
    remote = std::make_unique<RemoteService>(remote_options, RemotePorts{remote_time, *timers, probes});
    remote->bind(gateway, "ducat.rpc.testing.ThingService");
    remote->bind(gateway, "ducat.rpc.testing.FeedService");
    remote->start();
    DispatcherOptions far = options;
    far.clock = &clock;
    far.random = &random;
    far.observer = &observer;
    far_dispatcher = std::make_unique<Dispatcher>(gateway, files, far);
  }
  void start_both() {
    start_server();
    start_remote();
  }

  // Through the gateway.
  http::Response far_call(std::string method, std::string target, std::string body = {},
                          FakeExchange::Headers headers = kJson) {
    FakeExchange exchange(io, std::move(method), std::move(target), std::move(body), std::move(headers));
    far_dispatcher->handle(exchange);
    return exchange.wait();
  }
  bool reachable() { return remote->health().detail != "not reachable"; }

  TokenAuthenticator tokens;
  SystemClock time;
  SkewedClock remote_time;
  bool ready = true;
  RecordingObserver server_observer;
  GrpcServerOptions server_options;
  RemoteOptions remote_options;
  Registry gateway;
  ThreadExecutor probes{"probes"};
  std::unique_ptr<GrpcServer> server;
  std::unique_ptr<RemoteService> remote;
  std::unique_ptr<Dispatcher> far_dispatcher;
  std::unique_ptr<ThreadTimers> timers = std::make_unique<ThreadTimers>();
};

}  // namespace ducat::rpc::testing
