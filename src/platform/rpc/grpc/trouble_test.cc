// When the other process is gone, slow, busy, or somebody else.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/rpc/grpc/testing/two_processes.h"

namespace ducat::rpc::testing {
namespace {

const FakeExchange::Headers kGood = {{"Content-Type", "application/json"}, {"Authorization", "Bearer good"}};

class Trouble : public TwoProcesses {
 protected:
  // A handler that answers when `release` is called; `waiting` counts those inside.
  Trouble() {
    registry.bind<system::v1::HealthRequest, system::v1::HealthReply>(
        "ducat.system.v1.SystemService.Live",
        [this](const system::v1::HealthRequest&, CallContext& context) { return wait(context); });
  }
  ~Trouble() override { release(); }

  Task<Reply<system::v1::HealthReply>> wait(CallContext& context) {
    struct Gate {
      Trouble& test;
      Executor& home;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> waiter) {
        std::lock_guard lock(test.mutex);
        if (test.released) return home.post([waiter] { waiter.resume(); });
        test.held.emplace_back(&home, waiter);
        ++test.waiting;
      }
      void await_resume() const noexcept {}
    };
    remaining = context.deadline - time.monotonic();
    Gate gate{*this, *context.executor};
    co_await gate;
    ++answered;
    co_return system::v1::HealthReply();
  }
  void release() {
    std::lock_guard lock(mutex);
    released = true;
    for (auto& [home, waiter] : held) home->post([parked = waiter] { parked.resume(); });
    held.clear();
  }
  void start_all() {
    start_both();
    remote->bind(gateway, "ducat.system.v1.SystemService");
    far_dispatcher = std::make_unique<Dispatcher>(gateway, files, with_clock());
  }
  DispatcherOptions with_clock() {
    DispatcherOptions far = options;
    far.clock = &clock;
    far.random = &random;
    far.observer = &observer;
    return far;
  }
  void is_503(const http::Response& response) {
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_EQ(header_of(response, "Retry-After"), "1");
  }
  http::Response ping() { return far_call("POST", "/feed/ping"); }

  std::mutex mutex;
  std::vector<std::pair<Executor*, std::coroutine_handle<>>> held;
  bool released = false;
  std::atomic<int> waiting{0}, answered{0};
  Duration remaining;
};

TEST_F(Trouble, ACallHasADeadlineThatItsHandlerKnows) {
  remote_options.deadline = Duration::millis(200);
  start_all();
  Timestamp begin = time.monotonic();
  http::Response response = far_call("GET", "/health/live");
  Duration took = time.monotonic() - begin;
  is_503(response);
  EXPECT_GE(took, Duration::millis(200));
  EXPECT_LT(took, Duration::seconds(5));
  EXPECT_NE(response.body.find("not known"), std::string::npos) << response.body;
  EXPECT_GT(remaining, Duration{0});
  EXPECT_LE(remaining, Duration::millis(210)) << "gRPC rounds it up";
  EXPECT_EQ(ping().status, 200) << "one slow method does not shut the others out";
}

TEST_F(Trouble, AShorterDeadlineOfTheCallCounts) {
  start_all();
  CallContext context;
  context.executor = &io;
  context.deadline = time.monotonic() + Duration::millis(100);
  system::v1::HealthRequest request;
  system::v1::HealthReply reply;
  std::atomic<int> status{0};
  start(remote->invoke("ducat.system.v1.SystemService.Live", request, reply, context),
        [&](std::expected<void, ApiError> result) { status = result ? 200 : result.error().status; });
  ASSERT_TRUE(soon([&] { return status != 0; }));
  EXPECT_EQ(status, 503);
  EXPECT_LE(remaining, Duration::millis(110)) << "gRPC rounds it up";
}

TEST_F(Trouble, AProcessThatIsGoneIs503AtOnceAndComesBack) {
  start_all();
  EXPECT_EQ(ping().status, 200);
  EXPECT_TRUE(soon([&] { return remote->health().ready; }));
  auto port = static_cast<uint16_t>(server->port());
  stop_server();
  is_503(ping());
  ASSERT_TRUE(soon([&] { return !reachable(); }));
  Timestamp begin = time.monotonic();
  for (int i = 0; i < 100; ++i) is_503(ping());
  EXPECT_LT(time.monotonic() - begin, Duration::seconds(2));
  EXPECT_FALSE(remote->health().ready);
  start_server(port);
  ASSERT_TRUE(soon([&] { return reachable(); }));
  EXPECT_EQ(ping().status, 200);
}

TEST_F(Trouble, NoCallIsSentWhileTheBreakerIsOpen) {
  remote_options.probe_interval_down = Duration::seconds(100);  // nothing closes it
  start_all();
  auto port = static_cast<uint16_t>(server->port());
  stop_server();
  is_503(ping());
  ASSERT_TRUE(soon([&] { return !reachable(); }));
  start_server(port);
  server_observer.seen.clear();
  for (int i = 0; i < 20; ++i) is_503(ping());
  EXPECT_TRUE(server_observer.seen.empty());
}

TEST_F(Trouble, AProcessThatIsNotThereYetIs503UntilItIs) {
  start_server();
  auto port = static_cast<uint16_t>(server->port());
  remote_options.addresses = {"127.0.0.1:" + std::to_string(port)};
  stop_server();
  start_remote();
  EXPECT_FALSE(reachable());
  is_503(ping());
  start_server(port);
  ASSERT_TRUE(soon([&] { return reachable(); }));
  EXPECT_EQ(ping().status, 200);
}

// Two instances: what one refuses as not leading, or cannot be sent to it, the other one does.
class Instances : public TwoProcesses {
 protected:
  Instances() {
    second_options_ = server_options;
    second_options_.clock = &time;
    bind_ready(second_, &second_leads_, &second_calls_);
  }
  ~Instances() override {
    if (remote) remote->stop();
    remote.reset();
    if (second_server_) second_server_->stop(Duration{0});
  }
  static void bind_ready(Registry& registry, std::atomic<bool>* leads, std::atomic<int>* calls) {
    for (const char* method : {"Ready", "Live"}) {
      registry.bind<system::v1::HealthRequest, system::v1::HealthReply>(
          "ducat.system.v1.SystemService." + std::string(method),
          [leads, calls, method](const system::v1::HealthRequest&, CallContext&) {
            return answer(method == std::string("Live"), leads, calls);
          });
    }
  }
  static Task<Reply<system::v1::HealthReply>> answer(bool call, std::atomic<bool>* leads,
                                                     std::atomic<int>* calls) {
    if (call) ++*calls;
    if (call && !*leads) co_return std::unexpected(ApiError::not_leading());
    system::v1::HealthReply reply;
    reply.set_status("ok");
    reply.set_role(*leads ? "leading" : "following");
    co_return reply;
  }
  void start_instances() {
    bind_ready(first_, &first_leads_, &first_calls_);
    server = std::make_unique<GrpcServer>(first_, server_options);
    ASSERT_TRUE(server->start());
    second_server_ = std::make_unique<GrpcServer>(second_, second_options_);
    ASSERT_TRUE(second_server_->start());
    remote_options.addresses = {"127.0.0.1:" + std::to_string(server->port()),
                                "127.0.0.1:" + std::to_string(second_server_->port())};
    start_remote();
    remote->bind(gateway, "ducat.system.v1.SystemService");
    DispatcherOptions far = options;
    far.clock = &clock;
    far.random = &random;
    far.observer = &observer;
    far_dispatcher = std::make_unique<Dispatcher>(gateway, files, far);
  }
  int call() { return far_call("GET", "/health/live", "", kGood).status; }

  Registry first_, second_;
  GrpcServerOptions second_options_;
  std::unique_ptr<GrpcServer> second_server_;
  std::atomic<bool> first_leads_{true}, second_leads_{false};
  std::atomic<int> first_calls_{0}, second_calls_{0};
};

TEST_F(Instances, ACallGoesToTheOneThatLeadsAndThatIsRemembered) {
  start_instances();
  EXPECT_EQ(call(), 200);
  EXPECT_EQ(second_calls_, 0);
  first_leads_ = false;
  second_leads_ = true;
  EXPECT_EQ(call(), 200);
  EXPECT_EQ(first_calls_, 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(call(), 200);
  EXPECT_EQ(first_calls_, 2) << "the leader is remembered";
  EXPECT_EQ(remote->health().role, Role::kLeading);
}

TEST_F(Instances, EachIsAskedOnceWhenNoneLeads) {
  first_leads_ = false;
  start_instances();
  http::Response refused = far_call("GET", "/health/live", "", kGood);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(header_of(refused, "Retry-After"), "1");
  EXPECT_EQ(first_calls_, 1);
  EXPECT_EQ(second_calls_, 1);
}

TEST_F(Instances, OneThatIsGoneIsPassedOver) {
  start_instances();
  EXPECT_EQ(call(), 200);
  stop_server();
  second_leads_ = true;
  // The first call that finds it gone cannot know whether it was done.
  EXPECT_TRUE(soon([&] { return call() == 200; }));
  EXPECT_TRUE(remote->health().ready);
}

TEST_F(Trouble, AProcessThatSaysNothingCostsItsTimeoutOnce) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 16), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  remote_options.addresses = {"127.0.0.1:" + std::to_string(ntohs(address.sin_port))};
  remote_options.probe_timeout = Duration::millis(200);
  start_remote();
  EXPECT_FALSE(reachable());
  Timestamp begin = time.monotonic();
  for (int i = 0; i < 20; ++i) is_503(ping());
  EXPECT_LT(time.monotonic() - begin, Duration::seconds(2));
  remote->stop();
  close(listener);
}

TEST_F(Trouble, AnUnreadyProcessIsReachedAndNotReady) {
  ready = false;
  start_all();
  EXPECT_FALSE(remote->health().ready);
  EXPECT_TRUE(reachable());
  EXPECT_EQ(ping().status, 200) << "it decides by itself what it can serve";
  ready = true;
  EXPECT_TRUE(soon([&] { return remote->health().ready; }));
  ASSERT_TRUE(remote->health().progress);
  EXPECT_EQ(remote->health().progress->position, 12U);
  EXPECT_EQ(remote->health().progress->projected, 10U);
}

TEST_F(Trouble, AnotherSecretIsRefusedAndNothingIsCalled) {
  remote_options.secret = "another secret, also of 32 characters";
  start_all();
  remote->stop();
  EXPECT_FALSE(remote->health().ready);
  EXPECT_TRUE(server_observer.seen.empty());
  EXPECT_EQ(key, "");
}

TEST_F(Trouble, AnOldCallIsRefused) {
  remote_time.skew = Duration::seconds(-600);
  start_all();
  is_503(ping());
  EXPECT_TRUE(server_observer.seen.empty());
}

TEST_F(Trouble, ACallFromTheFutureIsRefused) {
  remote_time.skew = Duration::seconds(600);
  start_all();
  is_503(ping());
  EXPECT_TRUE(server_observer.seen.empty());
}

TEST_F(Trouble, ClocksThatDifferALittleAreBelieved) {
  remote_time.skew = Duration::seconds(30);
  start_all();
  EXPECT_EQ(ping().status, 200);
}

TEST_F(Trouble, TooManyCallsAre503AtOnce) {
  server_options.max_calls = 2;
  remote_options.probe_interval = Duration::seconds(100);
  start_all();
  FakeExchange first(io, "GET", "/health/live"), second(io, "GET", "/health/live");
  far_dispatcher->handle(first);
  far_dispatcher->handle(second);
  ASSERT_TRUE(soon([&] { return waiting == 2; }));
  is_503(ping());
  EXPECT_TRUE(reachable()) << "busy is not dead";
  release();
  EXPECT_EQ(first.wait().status, 200);
  EXPECT_EQ(second.wait().status, 200);
  EXPECT_EQ(ping().status, 200);
}

TEST_F(Trouble, TooManyCallsOfOneClientAreNotSent) {
  remote_options.max_calls = 1;
  remote_options.probe_interval = Duration::seconds(100);
  start_all();
  FakeExchange first(io, "GET", "/health/live");
  far_dispatcher->handle(first);
  ASSERT_TRUE(soon([&] { return waiting == 1; }));
  is_503(ping());
  release();
  EXPECT_EQ(first.wait().status, 200);
}

TEST_F(Trouble, AClientThatGivesUpDoesNotDisturbTheHandler) {
  start_all();
  FakeExchange exchange(io, "GET", "/health/live");
  far_dispatcher->handle(exchange);
  ASSERT_TRUE(soon([&] { return waiting == 1; }));
  remote->stop();
  is_503(exchange.wait());
  EXPECT_EQ(answered, 0);
  release();
  EXPECT_TRUE(soon([&] { return answered == 1; }));
  stop_server();
}

TEST_F(Trouble, AStopWaitsForTheHandlersUnderWay) {
  start_all();
  FakeExchange exchange(io, "GET", "/health/live");
  far_dispatcher->handle(exchange);
  ASSERT_TRUE(soon([&] { return waiting == 1; }));
  std::thread stopping([&] { server->stop(Duration::seconds(20)); });
  release();
  EXPECT_EQ(exchange.wait().status, 200) << "accepted, so it is answered";
  stopping.join();
  server.reset();
}

TEST_F(Trouble, AMethodTheOtherVersionDoesNotHaveIs503) {
  registry = Registry();
  registry.bind<system::v1::HealthRequest, system::v1::HealthReply>(
      "ducat.system.v1.SystemService.Ready",
      [this](const system::v1::HealthRequest&, CallContext& call_) { return answer_ready(call_); });
  start_both();
  is_503(ping());
}

TEST_F(Trouble, APortThatIsTakenIsAnError) {
  start_server();
  GrpcServerOptions same = server_options;
  same.port = static_cast<uint16_t>(server->port());
  GrpcServer second(registry, same);
  Status started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kBusy);
  EXPECT_NE(started.error().message.find(std::to_string(same.port)), std::string::npos);
}

}  // namespace
}  // namespace ducat::rpc::testing
