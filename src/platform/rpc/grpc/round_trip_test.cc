// A request through the gateway is answered as by a single process: same status, headers and body.
#include <gtest/gtest.h>

#include "platform/rpc/grpc/testing/two_processes.h"

namespace ducat::rpc::testing {
namespace {

constexpr const char* kUuid = "01890000-0000-7000-8000-000000000000";

using Lines = std::vector<std::string>;

// Everything the client gets, but for ids and traces, which are new each time.
Lines lines_of(const http::Response& response) {
  Lines lines = {std::to_string(response.status), std::string(response.content_type), response.body};
  for (const auto& [name, value] : response.headers) {
    if (name != "X-Request-ID" && name != "traceparent") lines.push_back(std::string(name) + ": " + value);
  }
  return lines;
}

class RoundTrip : public TwoProcesses {
 protected:
  // The same request to a single process and through the gateway.
  void same(const std::string& method, const std::string& target, const std::string& body = {},
            const FakeExchange::Headers& headers = kJson) {
    Lines near = lines_of(call(method, target, body, headers));
    Lines far = lines_of(far_call(method, target, body, headers));
    EXPECT_EQ(near, far) << method << " " << target << " " << body;
  }
};

const FakeExchange::Headers kGood = {{"Content-Type", "application/json"}, {"Authorization", "Bearer good"}};

TEST_F(RoundTrip, RepliesOfEveryKindAreTheSame) {
  start_both();
  same("POST", "/api/things/t-1?dry=true", R"({"amount":12.50})", kGood);
  same("GET", std::string("/api/things/") + kUuid + "?limit=7", "", kGood);
  same("DELETE", std::string("/api/things/") + kUuid);
  same("POST", "/feed", R"({"name":"n","amount":1,"tags":["a"],"items":[{"type":"y"}],"fee":null})");
  same("GET", "/feed?limit=3&tags=a&tags=b");
  same("POST", "/feed/ping");
  replayed = true;
  same("POST", "/api/things/t-1", R"({"amount":1})", kGood);
  stored = std::string(200'000, 'x');
  same("POST", "/api/things/t-1", R"({"amount":1})", kGood);
  EXPECT_TRUE(server_observer.causes.empty());
  EXPECT_GE(server_observer.seen.size(), 8U) << "they did go through the server";
}

TEST_F(RoundTrip, RefusalsAndFailuresOfEveryKindAreTheSame) {
  start_both();
  std::vector<ApiError> errors = {
      ApiError::of(404),
      ApiError::of(500, "secret"),
      ApiError::refusal(422, "InsufficientFundsError", "Insufficient funds", "balance=1"),
      ApiError::invalid({{"operations.3.amount", "operations.3.amount is wrong", "body", "value_error"}}),
      ApiError::invalid({{"limit", "limit is wrong", "query", "missing"}}, 422),
      ApiError::from({Errc::kUnavailable, "the disk"}),
      unauthorized()};
  errors[2].members = {{"index", "3"}, {"list", "[1,2]"}};
  errors[2].code = "CODE";
  for (const ApiError& error : errors) {
    refusal = error;
    same("POST", "/api/things/t-1", R"({"amount":1})", kGood);
    same("POST", "/feed", R"({"name":"n","amount":1})");
  }
  refusal = errors[5];
  observer.causes.clear();
  far_call("POST", "/feed", R"({"name":"n","amount":1})");
  EXPECT_EQ(observer.causes, Lines{"unavailable: the disk"}) << "the gateway's log says why";
}

TEST_F(RoundTrip, WhatTheGatewayRefusesNeverTravels) {
  start_both();
  same("POST", "/api/things/t-1", R"({"amount":1})");
  same("POST", "/api/things/t-1", R"({"amount":-1})", kGood);
  same("POST", "/api/things/t-1", "{", kGood);
  same("GET", "/api/things/none", "", kGood);
  same("PUT", "/feed");
  same("GET", "/nowhere");
  for (const std::string& seen : server_observer.seen) EXPECT_EQ(seen, "GET /health/ready 200");
}

TEST_F(RoundTrip, TheHandlerKnowsWhatItWouldKnowInOneProcess) {
  start_both();
  far_call(
      "POST", "/api/things/t-1", R"({"amount":1})",
      {{"Content-Type", "application/json"}, {"Authorization", "Bearer good"}, {"Idempotency-Key", "key-7"}});
  EXPECT_EQ(key, "key-7");
  EXPECT_EQ(caller, "user-1");
  EXPECT_FALSE(dry);
}

TEST_F(RoundTrip, ManyCallsAtATimeAreAllAnswered) {
  start_both();
  std::vector<std::unique_ptr<FakeExchange>> exchanges;
  for (int i = 0; i < 500; ++i) {
    std::string target = "/api/things/" + std::string(kUuid) + "?limit=" + std::to_string(i % 10 + 1);
    exchanges.push_back(std::make_unique<FakeExchange>(io, "GET", target, "", kGood));
    far_dispatcher->handle(*exchanges.back());
  }
  for (int i = 0; i < 500; ++i) {
    const http::Response& response = exchanges[static_cast<size_t>(i)]->wait();
    EXPECT_EQ(response.status, 200);
    EXPECT_NE(response.body.find("\"amount\":" + std::to_string(i % 10 + 1)), std::string::npos)
        << response.body;
  }
}

TEST_F(RoundTrip, AReplyThatIsTooLargeIsAnErrorAndNoHang) {
  start_both();
  stored = std::string(kMaxMessageBytes + 1, 'x');
  EXPECT_EQ(far_call("POST", "/api/things/t-1", R"({"amount":1})", kGood).status, 500);
}

TEST_F(RoundTrip, ACallByNameResumesOnItsExecutor) {
  start_both();
  ThreadExecutor home("home");
  std::thread::id home_thread, resumed;
  std::atomic<bool> done{false};
  CallContext context;
  context.executor = &home;
  context.caller.id = "service";
  context.idempotency_key = "k";
  home.post([&] { home_thread = std::this_thread::get_id(); });
  auto ask = [](TwoProcesses*, RemoteService& to, CallContext& with,
                std::thread::id& on) -> Task<std::string> {
    NamedRequest request;
    request.set_id("t-9");
    request.set_amount("5");
    auto reply = co_await invoke<Thing>(to, "ducat.rpc.testing.ThingService.Make", request, with);
    on = std::this_thread::get_id();
    co_return reply ? reply->id() + " " + reply->amount() : reply.error().cause;
  };
  std::string answer;
  start(ask(this, *remote, context, resumed), [&](std::string text) {
    answer = std::move(text);
    done = true;
  });
  ASSERT_TRUE(soon([&] { return done.load(); }));
  EXPECT_EQ(answer, "t-9 5");
  EXPECT_EQ(resumed, home_thread);
  EXPECT_EQ(caller, "service");
  EXPECT_EQ(key, "k");
}

}  // namespace
}  // namespace ducat::rpc::testing
