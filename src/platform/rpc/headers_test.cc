// Ids, keys and media types as they come in headers.
#include "platform/rpc/headers.h"

#include <gtest/gtest.h>

#include "platform/rpc/json_text.h"
#include "platform/rpc/parameters.h"

namespace ducat::rpc {
namespace {

TEST(Headers, TraceparentIsCheckedByTheStandard) {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_TRUE(valid_traceparent(good));
  for (const std::string& bad : std::vector<std::string>{
           "", good + "0", good.substr(1), "01" + good.substr(2),
           "00-" + std::string(32, '0') + good.substr(35), good.substr(0, 36) + std::string(16, '0') + "-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736x00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(valid_traceparent(bad)) << bad;
  }
  SeededRandom random(1);
  EXPECT_TRUE(valid_traceparent(make_traceparent(random)));
}

TEST(Headers, MediaTypes) {
  for (const char* good :
       {"application/json", "APPLICATION/Json ; charset=utf-8", "application/cloudevents+json"}) {
    EXPECT_TRUE(is_json_media_type(good)) << good;
  }
  for (const char* bad : {"", "text/json", "application/jsonx", "application/xml", "application/+json",
                          "text/plain; application/json"}) {
    EXPECT_FALSE(is_json_media_type(bad)) << bad;
  }
}

TEST(Headers, IdempotencyKeysRefuseWhatNoQuotedStringMayHold) {
  EXPECT_EQ(parse_idempotency_key(R"("a\\b")"), R"(a\b)");
  EXPECT_EQ(parse_idempotency_key("  k  "), "k");
  for (const char* bad : {"", "\"", R"("a"b")", R"("a\x")", R"("a\")", "a\tb", "\"\""}) {
    EXPECT_FALSE(parse_idempotency_key(bad)) << bad;
  }
}

TEST(JsonText, EscapesWhatMustBe) {
  std::string out;
  append_json_text(out, std::string_view("a\"\\\b\f\n\r\t\x01\x1f\0/ö", 14));
  EXPECT_EQ(out, R"("a\"\\\b\f\n\r\t\u0001\u001f\u0000/ö")");
}

TEST(JsonText, KnowsUtf8) {
  for (const char* good : {"", "a", "ö", "€", "😀", "\xef\xbf\xbf"}) EXPECT_TRUE(valid_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xff", "a\xe2\x82"}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
}

TEST(Parameters, PercentDecodingRefusesBrokenEscapesAndNul) {
  std::string out;
  EXPECT_TRUE(percent_decode("a%20b+c%C3%B6", true, out));
  EXPECT_EQ(out, "a b cö");
  EXPECT_TRUE(percent_decode("a+b", false, out));
  EXPECT_EQ(out, "a+b");
  for (const char* bad : {"%", "%2", "%zz", "%00", "%ff", "a%e2%82"})
    EXPECT_FALSE(percent_decode(bad, true, out)) << bad;
}

}  // namespace
}  // namespace ducat::rpc
