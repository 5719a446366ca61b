#include "simulate/load/http_wire.h"

#include <gtest/gtest.h>

namespace ducat::load {
namespace {

TEST(ParseUrl, TakesHostAndPort) {
  auto endpoint = parse_url("http://127.0.0.1:8080/");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "127.0.0.1");
  EXPECT_EQ(endpoint->port, "8080");
  EXPECT_EQ(endpoint->authority, "127.0.0.1:8080");
}

TEST(ParseUrl, TakesIpv6AndDefaultPort) {
  auto six = parse_url("http://[::1]:9");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->port, "9");
  auto name = parse_url("http://localhost");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "localhost");
  EXPECT_EQ(name->port, "80");
}

TEST(ParseUrl, RefusesTheRest) {
  for (const char* url : {"", "localhost:80", "https://a", "http://", "http://:80", "http://a:b",
                          "http://a:99999", "http://a/path", "http://[::1", "http://a:"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

TEST(RequestWriter, WritesGetAndPost) {
  RequestWriter writer(*parse_url("http://a:1"), {"X-A: b"});
  std::string out;
  writer.get(out, "/x");
  EXPECT_EQ(out, "GET /x HTTP/1.1\r\nHost: a:1\r\nX-A: b\r\n\r\n");
  out.clear();
  writer.post(out, "/y", "k", "{}");
  EXPECT_EQ(out,
            "POST /y HTTP/1.1\r\nHost: a:1\r\nX-A: b\r\nIdempotency-Key: k\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  out.clear();
  writer.post(out, "/y", "", "{}");
  EXPECT_EQ(out.find("Idempotency-Key"), std::string::npos);
}

TEST(ParseAnswer, ReadsOneOfTwo) {
  std::string data = "HTTP/1.1 422 X\r\nDate: now\r\nContent-Length:  3 \r\n\r\nabcHTTP/1.1 200";
  Answer answer;
  size_t size = 0;
  ASSERT_EQ(parse_answer(data, answer, size), Parse::kComplete);
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body, "abc");
  EXPECT_FALSE(answer.close);
  EXPECT_EQ(data.substr(size), "HTTP/1.1 200");
}

TEST(ParseAnswer, EveryPrefixIsIncomplete) {
  std::string data = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: Close\r\n\r\nabc";
  Answer answer;
  size_t size = 0;
  for (size_t n = 0; n < data.size(); ++n) {
    ASSERT_EQ(parse_answer(std::string_view(data).substr(0, n), answer, size), Parse::kIncomplete) << n;
    EXPECT_EQ(size, n >= data.size() - 3 ? data.size() : 0);
  }
  ASSERT_EQ(parse_answer(data, answer, size), Parse::kComplete);
  EXPECT_TRUE(answer.close);
}

TEST(ParseAnswer, NoContentNeedsNoLength) {
  Answer answer;
  size_t size = 0;
  EXPECT_EQ(parse_answer("HTTP/1.1 204 No Content\r\n\r\n", answer, size), Parse::kComplete);
}

TEST(ParseAnswer, RefusesWhatItCannotRead) {
  Answer answer;
  size_t size = 0;
  for (std::string data : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n",
                           "HTTP/1.1 xxx\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9x\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"}) {
    EXPECT_EQ(parse_answer(data, answer, size), Parse::kBad) << data;
  }
  EXPECT_EQ(parse_answer(std::string(100'000, 'x'), answer, size), Parse::kBad);
}

}  // namespace
}  // namespace ducat::load
