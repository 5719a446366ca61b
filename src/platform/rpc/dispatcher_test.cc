// The way of a request, over a fake exchange: what is refused in which words, what comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "platform/rpc/testing/dispatcher_fixture.h"

namespace ducat::rpc::testing {
namespace {

using ::testing::HasSubstr;
using Headers = FakeExchange::Headers;

TEST_F(DispatcherTest, AnswersInTheEnvelopeWithTheContractsStatus) {
  open_up();
  auto response = call("POST", "/api/things/a%20b?dry=true", R"({"amount":1.50})");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body,
            R"({"success":true,"data":{"id":"a b","amount":1.50},"timestamp":"2026-01-02T03:04:05.678Z",)"
            R"("path":"/api/things/a%20b?dry=true"})");
  EXPECT_TRUE(dry);
  EXPECT_EQ(caller, "anonymous");
  EXPECT_EQ(call("POST", "/things/x", R"({"amount":1})").status, 201) << "the second path is the same route";
}

TEST_F(DispatcherTest, AnswersTheBareResourceInPlainStyle) {
  auto response = call(
      "GET", "/feed?limit=5&cursor=&tags=a&tags=b%2Bc&at=2026-01-02&open=1&min_amount=1.5&minAmount=2&x=y");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"([{"type":"x","numbers":[]}])");
  EXPECT_EQ(listing.limit(), 5);
  EXPECT_TRUE(listing.has_cursor());
  EXPECT_THAT(listing.tags(), ::testing::ElementsAre("a", "b+c"));
  EXPECT_EQ(listing.at(), 1'767'312'000'000'000);
  EXPECT_TRUE(listing.open());
  EXPECT_EQ(listing.min_amount(), "2");
}

TEST_F(DispatcherTest, QueryDefaultsComeFromTheContract) {
  call("GET", "/feed");
  EXPECT_EQ(listing.limit(), 100);
  EXPECT_FALSE(listing.has_cursor());
}

TEST_F(DispatcherTest, BrokenQueryParametersAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"limit=0", "limit must not be less than 1"},
      {"limit=1001", "limit must not be greater than 1000"},
      {"limit=abc", "limit must be an integer number"},
      {"limit=1.5", "limit must be an integer number"},
      {"limit=", "limit must be an integer number"},
      {"limit", "limit must be an integer number"},
      {"limit=1e1", "limit must be an integer number"},
      {"limit=10.0", "limit must be an integer number"},
      {"at=", "at must be a valid ISO 8601 date string"},
      {"open=", "open must be a boolean value"},
      {"minAmount=", "minAmount must be a number conforming to the specified constraints"},
      {"limit=99999999999999999999", "limit must be an integer number"},
      {"at=yesterday", "at must be a valid ISO 8601 date string"},
      {"cursor=12345678901", "cursor must be shorter than or equal to 10 characters"},
      {"cursor=%ff", "cursor must be valid percent-encoded UTF-8"},
      {"cursor=%zz", "cursor must be valid percent-encoded UTF-8"},
      {"open=maybe", "open must be a boolean value"},
      {"minAmount=x", "minAmount must be a number conforming to the specified constraints"},
  };
  for (auto [query, message] : cases) {
    auto response = call("GET", std::string("/feed?") + query);
    EXPECT_EQ(response.status, 422) << query;
    EXPECT_THAT(response.body, HasSubstr(std::string("\"message\":[\"") + message + "\"]")) << query;
  }
}

TEST_F(DispatcherTest, ValidationErrorsInTheEnvelopeHaveDetails) {
  open_up();
  auto response = call("POST", "/api/things/x", R"({"amount":-1,"currency":"USD"})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"success":false,"error":{"code":"VALIDATION_ERROR","message":"Validation failed","details":[)"
            R"({"path":"amount","message":"amount must be a positive number"},)"
            R"({"path":"currency","message":"property currency should not exist"}]},)"
            R"("timestamp":"2026-01-02T03:04:05.678Z","path":"/api/things/x"})");
}

TEST_F(DispatcherTest, TheFeedsValidationErrorsAreLocated) {
  auto response = call("POST", "/feed", R"({"name":"n","amount":1,"item":{"type":"x","amount":0}})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(
      response.body,
      R"({"statusCode":422,"error":"Unprocessable Entity","type":"ValidationError",)"
      R"("message":["item.amount must be a positive number"],)"
      R"("detail":[{"loc":["body","item","amount"],"msg":"item.amount must be a positive number","type":"greater_than"}],)"
      R"("timestamp":"2026-01-02T03:04:05.678Z","path":"/feed"})");
}

TEST_F(DispatcherTest, ABusinessRefusalIsDressedByTheServicesStyle) {
  open_up();
  refusal = ApiError::refusal(422, "InsufficientFundsError",
                              "Insufficient funds: balance=151.00, requested=100000.00");
  EXPECT_EQ(call("POST", "/feed", R"({"name":"n","amount":1})").body,
            R"({"statusCode":422,"error":"Unprocessable Entity","type":"InsufficientFundsError",)"
            R"("message":"Insufficient funds: balance=151.00, requested=100000.00",)"
            R"("detail":"Insufficient funds: balance=151.00, requested=100000.00",)"
            R"("timestamp":"2026-01-02T03:04:05.678Z","path":"/feed"})");
  refusal->code = "NO_FUNDS";
  EXPECT_THAT(call("POST", "/api/things/x", R"({"amount":1})").body,
              HasSubstr(R"("error":{"code":"NO_FUNDS","message":"Insufficient)"));
}

TEST_F(DispatcherTest, PathParametersAreValidated) {
  options.authenticator = nullptr;
  auto response = call("DELETE", "/api/things/no-uuid");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("id must be a UUID"));
  EXPECT_EQ(call("DELETE", "/api/things/%ff").status, 400);
  EXPECT_EQ(call("DELETE", "/api/things/%zz").status, 400);
  auto gone = call("DELETE", "/api/things/019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de");
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
}

TEST_F(DispatcherTest, AnUnknownRouteIsAnEnvelopedNotFound) {
  auto response = call("GET", "/nowhere?x=1");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"success":false,"error":{"code":"NOT_FOUND","message":"Route not found"},)"
                           R"("timestamp":"2026-01-02T03:04:05.678Z","path":"/nowhere?x=1"})");
}

TEST_F(DispatcherTest, AWrongMethodIsToldTheRightOnesInTheRoutesStyle) {
  auto response = call("PUT", "/feed", "{}");
  EXPECT_EQ(response.status, 405);
  std::string allow = header_of(response, "allow").value_or("");
  EXPECT_THAT(allow, HasSubstr("GET"));
  EXPECT_THAT(allow, HasSubstr("POST"));
  EXPECT_THAT(response.body, HasSubstr(R"("type":"MethodNotAllowedError")"));
}

TEST_F(DispatcherTest, ABodyMustBeJsonAndSaySo) {
  EXPECT_EQ(call("POST", "/feed", R"({"name":"n","amount":1})", {}).status, 415);
  EXPECT_EQ(call("POST", "/feed", "a=b", {{"Content-Type", "application/x-www-form-urlencoded"}}).status,
            415);
  EXPECT_EQ(call("POST", "/feed", R"({"name":"n","amount":1})",
                 {{"content-type", "Application/JSON; charset=utf-8"}})
                .status,
            200);
  EXPECT_EQ(call("POST", "/feed/ping", "", {}).status, 200) << "no body, and none is needed";
  auto malformed = call("POST", "/feed", "{");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_THAT(malformed.body,
              HasSubstr(R"("type":"BadRequestError","message":"Request body is not valid JSON")"));
}

TEST_F(DispatcherTest, AReplaySendsTheStoredBodyAndSaysSo) {
  open_up();
  stored = R"({"id":"stored","amount":7})";
  replayed = true;
  auto response = call("POST", "/api/things/x", R"({"amount":1})");
  EXPECT_EQ(header_of(response, "Idempotent-Replayed"), "true");
  EXPECT_THAT(response.body, HasSubstr(R"("data":{"id":"stored","amount":7},)"));
  replayed = false;
  EXPECT_FALSE(header_of(call("POST", "/api/things/x", R"({"amount":1})"), "Idempotent-Replayed"));
}

TEST_F(DispatcherTest, OperationalFailuresTellTheCallerNothingAndTheObserverEverything) {
  refusal = ApiError::from(Error{Errc::kIo, "INSERT INTO t failed at /var/lib/x"});
  auto response = call("POST", "/feed", R"({"name":"n","amount":1})");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, ::testing::Not(HasSubstr("INSERT")));
  EXPECT_THAT(response.body, HasSubstr(R"("type":"InternalServerError","message":"Internal Server Error")"));
  ASSERT_EQ(observer.causes.size(), 1u);
  EXPECT_THAT(observer.causes[0], HasSubstr("INSERT"));
  refusal = ApiError::from(Error{Errc::kUnavailable, "database is down"});
  auto later = call("POST", "/feed", R"({"name":"n","amount":1})");
  EXPECT_EQ(later.status, 503);
  EXPECT_EQ(header_of(later, "Retry-After"), "1");
}

TEST_F(DispatcherTest, AHandlerMayEndOnAnotherThread) {
  open_up();
  ThreadExecutor elsewhere("elsewhere");
  other_thread = &elsewhere;
  for (int i = 0; i < 50; ++i) {
    auto response = call("POST", "/api/things/n" + std::to_string(i), R"({"amount":1})");
    EXPECT_THAT(response.body, HasSubstr("\"id\":\"n" + std::to_string(i) + "\""));
  }
}

TEST_F(DispatcherTest, ASynchronousHandlerIsAnsweredBeforeHandleReturns) {
  FakeExchange exchange(io, "GET", "/feed");
  dispatcher().handle(exchange);
  EXPECT_TRUE(exchange.answered());
}

TEST_F(DispatcherTest, NothingOfARequestStaysForTheNext) {
  call("GET", "/feed?cursor=abc&tags=x&open=true");
  call("GET", "/feed");
  EXPECT_FALSE(listing.has_cursor());
  EXPECT_EQ(listing.tags_size(), 0);
  EXPECT_FALSE(listing.has_open());
}

TEST_F(DispatcherTest, FilesAreServedWithTheirTag) {
  auto page = call("GET", "/page");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<p>page</p>");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header_of(page, "Content-Security-Policy"), "default-src 'self'");
  auto again = call("GET", "/page", "", {{"If-None-Match", "\"x\", W/" + *header_of(page, "ETag")}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  auto post = call("POST", "/page", "{}");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(header_of(post, "Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(DispatcherTest, ServerErrorsHaveTheStyleOfTheirTarget) {
  http::Response plain = dispatcher().make_error(413, "/feed?x=1");
  EXPECT_EQ(plain.status, 413);
  EXPECT_THAT(plain.body,
              HasSubstr(R"("statusCode":413,"error":"Payload Too Large","type":"PayloadTooLargeError")"));
  EXPECT_THAT(dispatcher().make_error(431, "/api/things/x").body,
              HasSubstr(R"("code":"REQUEST_HEADER_FIELDS_TOO_LARGE")"));
  EXPECT_THAT(dispatcher().make_error(400, "").body, HasSubstr(R"("success":false)"));
  EXPECT_TRUE(header_of(dispatcher().make_error(503, "/x"), "Retry-After"));
}

TEST_F(DispatcherTest, EveryBodyIsOneJsonDocument) {
  refusal = ApiError::refusal(409, "X\"Y", "line\nbreak \x01", "d");
  refusal->members.emplace_back("index", "3");
  const http::Response responses[] = {
      call("GET", "/feed"),
      call("GET", "/feed?limit=%22"),
      call("GET", "/n\xff\"o?x=\\"),
      call("POST", "/feed", R"({"a\"\n":1})"),
      call("POST", "/feed", R"({"name":"n","amount":1})"),
  };
  for (const http::Response& response : responses) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(response.body.c_str());
    EXPECT_FALSE(document.HasParseError()) << response.body;
  }
  EXPECT_THAT(responses[4].body, HasSubstr("\"index\":3"));
}

}  // namespace
}  // namespace ducat::rpc::testing
