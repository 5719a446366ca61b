// What goes into a call's head and an answer's tail comes out again, whatever bytes it is made of.
#include "platform/rpc/grpc/wire.h"

#include <gtest/gtest.h>

#include "platform/rpc/grpc/signature.h"

namespace ducat::rpc {
namespace {

const std::string kBytes("\xff\0 \x80", 4);  // no UTF-8, and a zero

TEST(CallHead, CarriesCallerKeysAndTheRequest) {
  const http::Header headers[] = {
      {"If-Match", "\"7\""}, {"User-Agent", "curl"}, {"Authorization", "Bearer x"},
      {"X-API-Key", "dk_1"}, {"Cookie", "a=b"},      {"Host", "h"}};
  http::Request request;
  request.method = "PATCH";
  request.target = "/api/things/1?limit=2&x=%20";
  request.headers = headers;
  request.client = "192.0.2.7";
  request.secure = true;
  CallContext sent;
  sent.request = &request;
  sent.caller = {"user-" + kBytes, false, "ann", "ann@example.com", {"admin", "auditor"}, "session-1", true};
  sent.request_id = "r-1";
  sent.idempotency_key = "k \xc3\xa9";

  ReceivedCall received;
  ASSERT_TRUE(received.read(encode_call(sent, {42})));
  CallContext context;
  received.fill(context);
  EXPECT_EQ(received.sent_at(), Timestamp{42});
  EXPECT_EQ(context.caller.id, sent.caller.id);
  EXPECT_FALSE(context.caller.anonymous);
  EXPECT_EQ(context.caller.username, "ann");
  EXPECT_EQ(context.caller.email, "ann@example.com");
  EXPECT_EQ(context.caller.roles, sent.caller.roles);
  EXPECT_EQ(context.caller.session, "session-1");
  EXPECT_TRUE(context.caller.by_api_key);
  EXPECT_EQ(context.request_id, "r-1");
  EXPECT_EQ(context.idempotency_key, sent.idempotency_key);
  ASSERT_NE(context.request, nullptr);
  EXPECT_EQ(context.request->method, "PATCH");
  EXPECT_EQ(context.request->target, request.target);
  EXPECT_EQ(context.request->path, "/api/things/1");
  EXPECT_EQ(context.request->query, "limit=2&x=%20");
  EXPECT_EQ(context.request->client, "192.0.2.7");
  EXPECT_TRUE(context.request->secure);
  EXPECT_EQ(context.request->header("if-match"), "\"7\"");
  EXPECT_EQ(context.request->header("user-agent"), "curl");
  EXPECT_EQ(context.request->headers.size(), 2U) << "credentials and the connection's headers stay behind";
}

TEST(CallHead, WithoutARequestIsComplete) {
  CallContext sent;
  ReceivedCall received;
  ASSERT_TRUE(received.read(encode_call(sent, {1})));
  CallContext context;
  received.fill(context);
  EXPECT_TRUE(context.caller.anonymous);
  EXPECT_EQ(context.caller.id, "anonymous");
  EXPECT_EQ(context.request->path, "");
}

TEST(CallHead, RefusesWhatIsNone) {
  EXPECT_FALSE(ReceivedCall().read(""));
  EXPECT_FALSE(ReceivedCall().read("\xff\xff"));
}

TEST(AnswerTail, CarriesWhatHttpSaysBesidesTheReply) {
  CallContext::Out sent;
  sent.replayed = true;
  sent.status = 202;
  sent.has_stored_body = true;
  sent.headers = {{"ETag", "\"" + kBytes + "\""}, {"Link", "<x>"}};
  CallContext::Out out;
  auto answer = decode_answer(encode_answer(sent, nullptr), out);
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE(out.replayed);
  EXPECT_TRUE(out.has_stored_body);
  EXPECT_EQ(out.status, 202);
  EXPECT_EQ(out.headers, sent.headers);
}

TEST(AnswerTail, CarriesEveryMemberOfAFailure) {
  ApiError sent;
  sent.status = 422;
  sent.type = "TypeError";
  sent.code = "CODE";
  sent.message = kBytes;
  sent.detail = "detail";
  sent.violations = {{"a.1.b", "a.1.b is wrong", "query", "missing"}, {"c", "c too", "body", "value_error"}};
  sent.located = true;
  sent.retry_after = 17;
  sent.cause = "cause";
  sent.members = {{"index", "3"}, {"more", R"({"a":[1]})"}};
  CallContext::Out out;
  auto answer = decode_answer(encode_answer({}, &sent), out);
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  const ApiError& error = answer->error();
  EXPECT_EQ(error.status, 422);
  EXPECT_EQ(error.type, "TypeError");
  EXPECT_EQ(error.code, "CODE");
  EXPECT_EQ(error.message, kBytes);
  EXPECT_EQ(error.detail, "detail");
  EXPECT_TRUE(error.located);
  EXPECT_EQ(error.retry_after, 17);
  EXPECT_EQ(error.cause, "cause");
  EXPECT_EQ(error.members, sent.members);
  ASSERT_EQ(error.violations.size(), 2U);
  EXPECT_EQ(error.violations[0].path, "a.1.b");
  EXPECT_EQ(error.violations[0].message, "a.1.b is wrong");
  EXPECT_EQ(error.violations[0].source, "query");
  EXPECT_EQ(error.violations[0].type, "missing");
}

TEST(AnswerTail, OfAnErrorThatIsTooLongIsCut) {
  ApiError sent = ApiError::of(400, std::string(100'000, 'm'));
  sent.violations.resize(20, {std::string(10'000, 'p'), "wrong", "body", "missing"});
  std::string bytes = encode_answer({}, &sent);
  EXPECT_LE(bytes.size(), kLargestTail);
  CallContext::Out out;
  auto answer = decode_answer(bytes, out);
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().status, 400);
}

TEST(AnswerTail, RefusesWhatIsNone) {
  CallContext::Out out;
  EXPECT_FALSE(decode_answer("\xff\xff", out));
}

TEST(Signature, HoldsForExactlyWhatWasSigned) {
  std::string signature = sign_call("secret", "/a/B", "head", "body");
  EXPECT_EQ(signature.size(), 32U);
  EXPECT_TRUE(is_signed(signature, "secret", "/a/B", "head", "body"));
  EXPECT_FALSE(is_signed(signature, "Secret", "/a/B", "head", "body"));
  EXPECT_FALSE(is_signed(signature, "secret", "/a/C", "head", "body"));
  EXPECT_FALSE(is_signed(signature, "secret", "/a/B", "heads", "body"));
  EXPECT_FALSE(is_signed(signature, "secret", "/a/B", "head", "bodys"));
  EXPECT_FALSE(is_signed(signature, "secret", "/a/Bh", "ead", "body")) << "no text runs into the next";
  EXPECT_FALSE(is_signed(signature.substr(1), "secret", "/a/B", "head", "body"));
  EXPECT_FALSE(is_signed("", "secret", "/a/B", "head", "body"));
  EXPECT_FALSE(is_signed(sign_call("", "/a/B", "head", "body"), "", "/a/B", "head", "body"))
      << "without a secret nothing is believed";
}

}  // namespace
}  // namespace ducat::rpc
