// The same call, wherever the service is.
#include "clients/directory.h"

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "clients/call.h"
#include "ducat/system/v1/system.pb.h"
#include "platform/rpc/grpc/grpc_server.h"
#include "rpc_testing.pb.h"

namespace ducat::clients {
namespace {

namespace testing = rpc::testing;

const std::string kSecret = "a secret of at least 32 characters";
constexpr const char* kMake = "ducat.rpc.testing.ThingService.Make";

// A service of things: an echo that refuses the id "bad".
class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() {
    registry.bind<testing::NamedRequest, testing::Thing>(
        kMake, [this](const testing::NamedRequest& request, rpc::CallContext& context) {
          return make(request, context);
        });
    registry.bind<system::v1::HealthRequest, system::v1::HealthReply>(
        "ducat.system.v1.SystemService.Ready",
        [](const system::v1::HealthRequest&, rpc::CallContext&) { return healthy(); });
    rpc::GrpcServerOptions options;
    options.secret = kSecret;
    options.clock = &clock;
    server = std::make_unique<rpc::GrpcServer>(registry, options);
    EXPECT_TRUE(server->start());
    directory = std::make_unique<Directory>(DirectoryOptions{kSecret}, registry, clock, *timers);
  }
  ~DirectoryTest() override {
    directory->stop();
    server->stop(Duration{0});
    timers.reset();
  }

  static Task<rpc::Reply<system::v1::HealthReply>> healthy() {
    system::v1::HealthReply reply;
    reply.set_status("ok");
    co_return reply;
  }
  Task<rpc::Reply<testing::Thing>> make(const testing::NamedRequest& request, rpc::CallContext& context) {
    callers.push_back(context.caller.id + " " + context.request_id + " " + context.idempotency_key);
    context.out.replayed = true;
    co_await resume_on(elsewhere);
    if (request.id() == "bad") {
      rpc::ApiError error = rpc::ApiError::refusal(422, "BadError", "bad");
      co_return std::unexpected(std::move(error));
    }
    testing::Thing thing;
    thing.set_id(request.id());
    co_return thing;
  }

  struct Outcome {
    std::string text;
    bool at_home = false;
    bool replayed = false;
  };
  static Task<Outcome> ask(rpc::Invoker& things, std::string id, rpc::CallContext& context,
                           std::thread::id& home) {
    testing::NamedRequest request;
    request.set_id(std::move(id));
    auto reply = co_await rpc::invoke<testing::Thing>(things, kMake, request, context);
    Outcome outcome;
    outcome.text = reply ? reply->id() : std::to_string(reply.error().status) + " " + reply.error().type;
    outcome.at_home = std::this_thread::get_id() == home;
    outcome.replayed = context.out.replayed;
    co_return outcome;
  }
  Outcome call(rpc::Invoker& things, const std::string& id) {
    ThreadExecutor executor("home");
    std::thread::id home;
    executor.post([&] { home = std::this_thread::get_id(); });
    rpc::CallContext context = own_call("orders", "k-1", executor, clock, random);
    context.request_id = "r-1";
    std::promise<Outcome> promise;
    start(ask(things, id, context, home), [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    std::future<Outcome> future = promise.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    return future.get();
  }
  void same_answers(rpc::Invoker& things) {
    Outcome good = call(things, "t-1");
    EXPECT_EQ(good.text, "t-1");
    EXPECT_TRUE(good.at_home);
    EXPECT_TRUE(good.replayed);
    Outcome bad = call(things, "bad");
    EXPECT_EQ(bad.text, "422 BadError");
    EXPECT_TRUE(bad.at_home);
    EXPECT_EQ(callers, std::vector<std::string>(2, "service:orders r-1 k-1"));
  }

  SystemClock clock;
  SystemRandom random;
  metrics::Registry metrics;
  rpc::Registry registry;
  std::vector<std::string> callers;
  ThreadExecutor elsewhere{"elsewhere"};
  std::unique_ptr<rpc::GrpcServer> server;
  std::unique_ptr<ThreadTimers> timers = std::make_unique<ThreadTimers>();
  std::unique_ptr<Directory> directory;
};

TEST_F(DirectoryTest, AServiceInThisProcessIsCalledDirectly) {
  directory->add_here("things");
  auto things = directory->find("things");
  ASSERT_TRUE(things);
  directory->start(metrics);
  server->stop(Duration{0});
  same_answers(**things);
}

TEST_F(DirectoryTest, AServiceElsewhereIsCalledThere) {
  directory->add_elsewhere("things", {}, {"127.0.0.1:" + std::to_string(server->port())});
  auto things = directory->find("things");
  ASSERT_TRUE(things);
  directory->start(metrics);
  same_answers(**things);
  server->stop(Duration{0});
  EXPECT_EQ(call(**things, "t-1").text, "503 ") << "so it was the server that answered";
}

TEST_F(DirectoryTest, AnAddressDoesNotCountForWhatRunsHere) {
  std::string nowhere = "127.0.0.1:1";
  directory->add_elsewhere("things", {}, {nowhere});
  directory->add_here("things");
  directory->add_elsewhere("things", {}, {nowhere});
  auto things = directory->find("things");
  ASSERT_TRUE(things);
  directory->start(metrics);
  same_answers(**things);
}

TEST_F(DirectoryTest, AServiceThatIsNowhereIsNamedWithItsSetting) {
  auto things = directory->find("things");
  ASSERT_FALSE(things);
  EXPECT_EQ(things.error().code, Errc::kInvalid);
  EXPECT_NE(things.error().message.find("services.things.address"), std::string::npos);
}

TEST_F(DirectoryTest, ACallOnBehalfOfAnotherKeepsItsCallerAndItsDeadline) {
  rpc::CallContext first = own_call("orders", "k-1", elsewhere, clock, random);
  first.deadline = {77};
  first.out.status = 202;
  rpc::CallContext second = on_behalf_of(first, "k-2");
  EXPECT_EQ(second.caller.id, "service:orders");
  EXPECT_EQ(second.request_id, first.request_id);
  EXPECT_EQ(second.traceparent, first.traceparent);
  EXPECT_EQ(second.deadline, Timestamp{77});
  EXPECT_EQ(second.executor, &elsewhere);
  EXPECT_EQ(second.idempotency_key, "k-2");
  EXPECT_EQ(second.out.status, 0);
}

}  // namespace
}  // namespace ducat::clients
