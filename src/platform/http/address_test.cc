// Networks and X-Forwarded-For.
#include "platform/http/address.h"

#include <gtest/gtest.h>

namespace ducat::http {
namespace {

TrustedProxies proxies(std::vector<std::string> entries) {
  auto parsed = TrustedProxies::parse(entries);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

bool trusts(const TrustedProxies& set, const char* address) {
  auto parsed = IpAddress::parse(address);
  EXPECT_TRUE(parsed) << address;
  return parsed && set.trusts(*parsed);
}

TEST(IpAddress, PrintsWhatItParsed) {
  for (const char* text : {"127.0.0.1", "::1", "2001:db8::ff"})
    EXPECT_EQ(IpAddress::parse(text)->to_string(), text);
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1")->to_string(), "10.0.0.1");
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.256", "::1::", "host", "1.2.3.4 "}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(TrustedProxies, MatchesNetworksToTheBit) {
  auto set = proxies({"10.1.2.0/23", "192.168.0.7", "2001:db8::/33"});
  EXPECT_TRUE(trusts(set, "10.1.2.0"));
  EXPECT_TRUE(trusts(set, "10.1.3.255"));
  EXPECT_FALSE(trusts(set, "10.1.4.0"));
  EXPECT_FALSE(trusts(set, "10.1.1.255"));
  EXPECT_TRUE(trusts(set, "192.168.0.7"));
  EXPECT_TRUE(trusts(set, "::ffff:192.168.0.7"));
  EXPECT_FALSE(trusts(set, "192.168.0.6"));
  EXPECT_TRUE(trusts(set, "2001:db8:7fff::1"));
  EXPECT_FALSE(trusts(set, "2001:db8:8000::1"));
  EXPECT_TRUE(trusts(proxies({"0.0.0.0/0"}), "8.8.8.8"));
  EXPECT_FALSE(trusts(proxies({"0.0.0.0/0"}), "2001:db8::1"));
  EXPECT_FALSE(trusts(proxies({}), "127.0.0.1"));
}

TEST(TrustedProxies, NamesWhatIsWrong) {
  for (std::string bad : {"host", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "::/129", ""}) {
    auto parsed = TrustedProxies::parse(std::vector{bad});
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().message.find("\"" + bad + "\""), std::string::npos);
  }
}

std::string client_of(std::vector<Header> headers) {
  return std::string(forwarded_client(headers, proxies({"127.0.0.1", "10.0.0.0/8"}), "127.0.0.1"));
}

TEST(ForwardedClient, IsTheRightMostThatIsNotTrusted) {
  EXPECT_EQ(client_of({}), "127.0.0.1");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.5"}}), "203.0.113.5");
  EXPECT_EQ(client_of({{"x-forwarded-for", "6.6.6.6, 203.0.113.5, 10.0.0.1 ,10.9.9.9"}}), "203.0.113.5");
  EXPECT_EQ(
      client_of({{"X-Forwarded-For", "6.6.6.6"}, {"A", "b"}, {"X-Forwarded-For", "203.0.113.5, 10.0.0.1"}}),
      "203.0.113.5");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.5"}, {"X-Forwarded-For", "10.0.0.1"}}), "203.0.113.5");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "10.0.0.2, 10.0.0.1"}}), "10.0.0.2");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.5:4711"}}), "203.0.113.5");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "[2001:db8::1]:4711"}}), "2001:db8::1");
}

TEST(ForwardedClient, StopsAtWhatIsNoAddress) {
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.5, unknown, 10.0.0.1"}}), "10.0.0.1");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "<script>"}}), "127.0.0.1");
  EXPECT_EQ(client_of({{"X-Forwarded-For", ""}}), "127.0.0.1");
}

TEST(ForwardedSecure, TakesTheNearestProxysWord) {
  auto secure = [](std::vector<Header> headers) { return forwarded_secure(headers); };
  EXPECT_TRUE(secure({{"X-Forwarded-Proto", "HTTPS"}}));
  EXPECT_TRUE(secure({{"X-Forwarded-Proto", "http, https"}}));
  EXPECT_FALSE(secure({{"X-Forwarded-Proto", "https, http"}}));
  EXPECT_FALSE(secure({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}}));
  EXPECT_FALSE(secure({}));
}

}  // namespace
}  // namespace ducat::http
