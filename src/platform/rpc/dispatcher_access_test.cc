// Who is let in, how often, and what goes along in headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/uuid.h"
#include "platform/rpc/testing/dispatcher_fixture.h"

namespace ducat::rpc::testing {
namespace {

using ::testing::HasSubstr;
using Headers = FakeExchange::Headers;

TEST_F(DispatcherTest, AuthenticationComesAfterTheRouteAndBeforeValidation) {
  auto response = call("POST", "/api/things/x", "not json", {});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(
      response.body,
      R"({"success":false,"error":{"code":"UNAUTHORIZED","message":"Invalid or missing authentication token"},)"
      R"("timestamp":"2026-01-02T03:04:05.678Z","path":"/api/things/x"})");
  EXPECT_EQ(call("GET", "/api/nothing").status, 404);
  EXPECT_EQ(call("GET", "/feed").status, 200) << "open without credentials";
}

TEST_F(DispatcherTest, TheAuthenticatorLearnsThePermissionAndNamesTheCaller) {
  TokenAuthenticator tokens;
  options.authenticator = &tokens;
  EXPECT_EQ(call("POST", "/api/things/x", R"({"amount":1})").status, 401);
  EXPECT_EQ(tokens.last_permission, "thing:write");
  Headers headers = kJson;
  headers.emplace_back("Authorization", "Bearer good");
  EXPECT_EQ(call("POST", "/api/things/x", R"({"amount":1})", headers).status, 201);
  EXPECT_EQ(caller, "user-1");
}

TEST_F(DispatcherTest, DevelopmentOpensOnlyWhatTheContractSays) {
  open_up();
  EXPECT_EQ(call("GET", "/api/things/019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de").status, 401);
  EXPECT_EQ(call("POST", "/api/things/x", R"({"amount":1})").status, 201);
  Headers headers = kJson;
  headers.emplace_back("Authorization", "Bearer nonsense");
  EXPECT_EQ(call("POST", "/api/things/x", R"({"amount":1})", headers).status, 201);
}

TEST_F(DispatcherTest, IdempotencyKeysAreReadQuotedOrBare) {
  open_up();
  auto with_key = [&](std::string value, const char* name = "Idempotency-Key") {
    Headers headers = kJson;
    headers.emplace_back(name, std::move(value));
    key = "untouched";
    return call("POST", "/api/things/x", R"({"amount":1})", headers);
  };
  EXPECT_EQ(with_key("abc").status, 201);
  EXPECT_EQ(key, "abc");
  EXPECT_EQ(with_key(R"("a \"b\" c")").status, 201);
  EXPECT_EQ(key, R"(a "b" c)");
  EXPECT_EQ(with_key(std::string(255, 'k')).status, 201);
  EXPECT_EQ(with_key("request", "X-Request-ID").status, 201);
  EXPECT_EQ(key, "") << "no alias in this service";
  auto refused = with_key(std::string(256, 'k'));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("Idempotency-Key must be shorter than or equal to 255 characters"));
  EXPECT_EQ(with_key(R"("open)").status, 400);
  EXPECT_EQ(with_key(R"("")").status, 400);
  EXPECT_EQ(with_key("k\xc3\xa4").status, 400);
}

TEST_F(DispatcherTest, TheRequestIdStandsInForTheKeyWhereTheContractSaysSo) {
  Headers headers = kJson;
  headers.emplace_back("X-Request-ID", "req-7");
  call("POST", "/feed", R"({"name":"n","amount":1})", headers);
  EXPECT_EQ(key, "req-7");
  headers.emplace_back("Idempotency-Key", "\"real\"");
  call("POST", "/feed", R"({"name":"n","amount":1})", headers);
  EXPECT_EQ(key, "real");
}

TEST_F(DispatcherTest, IdsAndTracesAreEchoedOrMade) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto echoed = call("GET", "/feed", "", {{"x-request-id", "my-id"}, {"traceparent", trace}});
  EXPECT_EQ(header_of(echoed, "X-Request-ID"), "my-id");
  EXPECT_EQ(header_of(echoed, "traceparent"), trace);
  for (const char* bad : {"", "has space", "line\nbreak", "\xc3\xa4"}) {
    auto fresh = call(
        "GET", "/nowhere", "",
        {{"x-request-id", bad}, {"traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"}});
    auto id = Uuid::parse(header_of(fresh, "X-Request-ID").value_or(""));
    ASSERT_TRUE(id) << bad;
    EXPECT_EQ(id->unix_millis(), 1'767'323'045'678);
    EXPECT_EQ(header_of(fresh, "traceparent")->size(), 55u);
    EXPECT_NE(header_of(fresh, "traceparent")->substr(3, 32), std::string(32, '0'));
  }
}

TEST_F(DispatcherTest, RateLimitsAreAskedByClientRouteAndEntity) {
  open_up();
  ScriptedLimiter limiter;
  options.rate_limiter = &limiter;
  auto response = call("POST", "/things/w%31", R"({"amount":1})");
  EXPECT_THAT(limiter.keys, ::testing::ElementsAre("default|192.0.2.1|POST /api/things/{id}|",
                                                   "makes|192.0.2.1|POST /api/things/{id}|w1"));
  EXPECT_EQ(header_of(response, "X-RateLimit-Limit"), "10");
  EXPECT_EQ(header_of(response, "X-RateLimit-Remaining"), "9");
  EXPECT_EQ(header_of(response, "X-RateLimit-Reset"), "30");
  EXPECT_EQ(header_of(response, "RateLimit"), "\"makes\";r=9;t=30");
  EXPECT_EQ(header_of(response, "RateLimit-Policy"), "\"makes\";q=10;w=60");
}

TEST_F(DispatcherTest, WhoIsOverTheLimitIsToldWhenToComeBack) {
  ScriptedLimiter limiter;
  limiter.refuse = "health";
  options.rate_limiter = &limiter;
  auto response = call("POST", "/feed/ping", "{bad json");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(header_of(response, "Retry-After"), "7");
  EXPECT_EQ(header_of(response, "X-RateLimit-Remaining"), "0");
  EXPECT_THAT(response.body,
              HasSubstr(R"("statusCode":429,"error":"Too Many Requests","type":"RateLimitExceededError")"));
}

TEST_F(DispatcherTest, PreflightsAreAnsweredForAllowedOrigins) {
  options.cors.origins = {"https://console.example.com"};
  Headers headers = {{"Origin", "https://console.example.com"}, {"Access-Control-Request-Method", "POST"}};
  auto allowed = call("OPTIONS", "/feed", "", headers);
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(header_of(allowed, "Access-Control-Allow-Origin"), "https://console.example.com");
  EXPECT_THAT(header_of(allowed, "Access-Control-Allow-Methods").value_or(""), HasSubstr("POST"));
  EXPECT_THAT(header_of(allowed, "Access-Control-Allow-Headers").value_or(""), HasSubstr("Idempotency-Key"));
  headers[0].second = "https://evil.example.com";
  auto refused = call("OPTIONS", "/feed", "", headers);
  EXPECT_FALSE(header_of(refused, "Access-Control-Allow-Origin"));
  EXPECT_FALSE(header_of(call("GET", "/feed", "", headers), "Access-Control-Allow-Origin"));
  EXPECT_EQ(call("OPTIONS", "/nowhere", "", headers).status, 404);
}

TEST_F(DispatcherTest, DevelopmentAnswersEveryOrigin) {
  options.cors.any_origin = true;
  auto response = call("GET", "/feed", "", {{"Origin", "http://localhost:5173"}});
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Origin"), "*");
  EXPECT_THAT(header_of(response, "Access-Control-Expose-Headers").value_or(""), HasSubstr("X-Request-ID"));
}

TEST_F(DispatcherTest, TheObserverHearsOfEveryAnswer) {
  call("GET", "/feed");
  call("GET", "/nowhere");
  call("POST", "/api/things/x", "{}");
  EXPECT_THAT(observer.seen,
              ::testing::ElementsAre("GET /feed 200", "unknown 404", "POST /api/things/{id} 401"));
}

}  // namespace
}  // namespace ducat::rpc::testing
