// What every answer is like: keep-alive, versions, HEAD, headers, the client's address, compression.
#include <brotli/decode.h>
#include <zlib.h>

#include "platform/http/server_fixture.h"

namespace ducat::http {
namespace {

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  Client client = connect();
  for (int i = 0; i < 3; ++i) {
    auto response = must(client.request("POST", "/echo", {}, "hello " + std::to_string(i)));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello " + std::to_string(i));
    EXPECT_EQ(response.header("Connection"), "");
  }
  auto counters = server_->counters();
  EXPECT_EQ(counters.connections_accepted, 1u);
  EXPECT_EQ(counters.connections_open, 1u);
  EXPECT_EQ(counters.requests, 3u);
  EXPECT_EQ(counters.requests_in_flight, 0u);
  EXPECT_GT(counters.bytes_in, 100u);
  EXPECT_GT(counters.bytes_out, 100u);
}

TEST_F(ServerTest, CarriesDateAndSecurityHeaders) {
  start();
  auto response = must(connect().request("GET", "/"));
  EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.header("X-Frame-Options"), "DENY");
  EXPECT_EQ(response.header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(response.header("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(response.header("Strict-Transport-Security"), "");
  EXPECT_EQ(response.header("Content-Length"), "0");
  std::string date(response.header("Date"));
  tm parsed{};
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed);
  ASSERT_TRUE(end != nullptr && *end == '\0') << date;
  EXPECT_NEAR(static_cast<double>(timegm(&parsed)), static_cast<double>(time(nullptr)), 10);
}

TEST_F(ServerTest, LetsAResponseBringItsOwnContentSecurityPolicy) {
  handler_.answer = [](const Request&) {
    Response response = text_response("x");
    response.headers.emplace_back("content-security-policy", "default-src 'self'");
    return response;
  };
  start();
  auto response = must(connect().request("GET", "/"));
  EXPECT_EQ(response.header("Content-Security-Policy"), "default-src 'self'");
  size_t policies = 0;
  for (auto& header : response.headers) policies += header.second.starts_with("default-src");
  EXPECT_EQ(policies, 1u);
}

TEST_F(ServerTest, DoesNotLetAHeaderValueEndItsHeader) {
  handler_.answer = [](const Request&) {
    Response response = text_response("x");
    response.headers.emplace_back("X-Note", "a\r\nSet-Cookie: stolen=1");
    return response;
  };
  start();
  auto response = must(connect().request("GET", "/"));
  EXPECT_EQ(response.header("X-Note"), "a  Set-Cookie: stolen=1");
  EXPECT_EQ(response.header("Set-Cookie"), "");
}

TEST_F(ServerTest, AnswersHeadWithTheLengthAndNoBody) {
  handler_.answer = [](const Request&) { return text_response("12345"); };
  start();
  Client client = connect();
  auto head = must(client.request("HEAD", "/"));
  EXPECT_EQ(head.header("Content-Length"), "5");
  EXPECT_EQ(must(client.request("GET", "/")).body, "12345");
}

TEST_F(ServerTest, SendsNoBodyAndNoLengthWith204) {
  handler_.answer = [](const Request& request) {
    Response response = text_response("must not be sent");
    response.status = request.path == "/empty" ? 204 : 200;
    return response;
  };
  start();
  Client client = connect();
  auto empty = must(client.request("GET", "/empty"));
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.header("Content-Length"), "");
  EXPECT_EQ(must(client.request("GET", "/next")).status, 200);
}

TEST_F(ServerTest, ClosesHttp10UnlessKeepAliveIsAsked) {
  start();
  Client closing = connect();
  ASSERT_TRUE(closing.send("GET / HTTP/1.0\r\n\r\n"));
  auto response = must(closing.receive());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_TRUE(closing.closed_by_server(Duration::seconds(10)));

  Client kept = connect();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_EQ(must(kept.receive()).header("Connection"), "keep-alive");
  }
}

TEST_F(ServerTest, ClosesWhenTheClientAsksAndIgnoresWhatFollows) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(must(client.receive()).header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
  EXPECT_EQ(server_->counters().requests, 1u);
}

TEST_F(ServerTest, TellsTheHandlerTheRequestAsItCame) {
  handler_.answer = [](const Request& request) {
    return text_response(std::string(request.method) + "|" + std::string(request.target) + "|" +
                         std::string(request.path) + "|" + std::string(request.query) + "|" +
                         std::string(request.header("x-KEY")) + "|" + std::string(request.client));
  };
  start();
  EXPECT_EQ(exchange("BREW /a%2Fb?x=%20&y HTTP/1.1\r\nHost: h\r\nX-Key:  v 1 \r\n\r\n").body,
            "BREW|/a%2Fb?x=%20&y|/a%2Fb|x=%20&y|v 1|127.0.0.1");
  EXPECT_EQ(exchange("GET http://h:1/p?q HTTP/1.1\r\nHost: h\r\n\r\n").body,
            "GET|http://h:1/p?q|/p|q||127.0.0.1");
  EXPECT_EQ(exchange("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").body, "GET|http://h|/|||127.0.0.1");
  EXPECT_EQ(exchange("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").body, "OPTIONS|*|*|||127.0.0.1");
}

TEST_F(ServerTest, BelievesForwardedHeadersOfATrustedPeer) {
  handler_.answer = [](const Request& request) {
    return text_response(std::string(request.client) + (request.secure ? " secure" : " plain"));
  };
  start();
  auto response = must(connect().request(
      "GET", "/", {{"X-Forwarded-For", "1.1.1.1, 203.0.113.9"}, {"X-Forwarded-Proto", "https"}}));
  EXPECT_EQ(response.body, "203.0.113.9 secure");
  EXPECT_NE(response.header("Strict-Transport-Security"), "");
}

TEST_F(ServerTest, IgnoresForwardedHeadersOfAnyoneElse) {
  options_.trusted_proxies = {"10.0.0.0/8"};
  handler_.answer = [](const Request& request) {
    return text_response(std::string(request.client) + (request.secure ? " secure" : " plain"));
  };
  start();
  auto response = must(
      connect().request("GET", "/", {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}}));
  EXPECT_EQ(response.body, "127.0.0.1 plain");
}

std::string gunzip(std::string_view data) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string unbrotli(std::string_view data) {
  std::string out(1 << 20, '\0');
  size_t size = out.size();
  EXPECT_EQ(BrotliDecoderDecompress(data.size(), reinterpret_cast<const uint8_t*>(data.data()), &size,
                                    reinterpret_cast<uint8_t*>(out.data())),
            BROTLI_DECODER_RESULT_SUCCESS);
  out.resize(size);
  return out;
}

TEST_F(ServerTest, CompressesLargeTextAsTheClientPrefers) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i) + "\n";
  handler_.answer = [&](const Request& request) {
    Response response = text_response(request.path == "/small" ? text.substr(0, 1024) : text);
    if (request.path == "/png") response.content_type = "image/png";
    return response;
  };
  start();
  Client client = connect();
  auto brotli = must(client.request("GET", "/", {{"Accept-Encoding", "gzip, br"}}));
  EXPECT_EQ(brotli.header("Content-Encoding"), "br");
  EXPECT_EQ(brotli.header("Vary"), "Accept-Encoding");
  EXPECT_LT(brotli.body.size(), text.size() / 2);
  EXPECT_EQ(unbrotli(brotli.body), text);
  for (int i = 0; i < 2; ++i) {  // the second uses the stream of the first again
    auto gzip = must(client.request("GET", "/", {{"Accept-Encoding", "br;q=0.1, gzip;q=0.9"}}));
    EXPECT_EQ(gzip.header("Content-Encoding"), "gzip");
    EXPECT_EQ(gunzip(gzip.body), text);
  }
  auto plain = must(client.request("GET", "/"));
  EXPECT_EQ(plain.header("Content-Encoding"), "");
  EXPECT_EQ(plain.header("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain.body, text);
  EXPECT_EQ(must(client.request("GET", "/small", {{"Accept-Encoding", "br"}})).header("Content-Encoding"),
            "");
  EXPECT_EQ(must(client.request("GET", "/png", {{"Accept-Encoding", "br"}})).header("Content-Encoding"), "");
}

TEST_F(ServerTest, SaysContinueBeforeABodyThatWaitsForIt) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_EQ(must(client.receive()).status, 100);
  ASSERT_TRUE(client.send("body"));
  auto response = must(client.receive());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "body");
}

TEST_F(ServerTest, SaysContinueOnlyAfterEarlierAnswers) {
  start();
  Client client = connect();
  ASSERT_TRUE(
      client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
                  "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  ASSERT_TRUE(handler_.wait_for_held(1));
  handler_.release(0);
  EXPECT_EQ(must(client.receive()).body, "/held|");
  EXPECT_EQ(must(client.receive()).status, 100);
  ASSERT_TRUE(client.send("body"));
  EXPECT_EQ(must(client.receive()).body, "body");
}

TEST_F(ServerTest, SpreadsConnectionsOverItsThreads) {
  options_.io_threads = 3;
  std::mutex mutex;
  std::vector<std::thread::id> threads;
  handler_.answer = [&](const Request&) {
    std::lock_guard lock(mutex);
    threads.push_back(std::this_thread::get_id());
    return text_response("x");
  };
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(must(clients.back().request("GET", "/")).status, 200);
  }
  std::ranges::sort(threads);
  EXPECT_EQ(std::ranges::unique(threads).begin() - threads.begin(), 3);
}

TEST_F(ServerTest, ListensOnIpv6) {
  options_.host = "::1";
  handler_.answer = [](const Request& request) { return text_response(std::string(request.client)); };
  start();
  auto client = Client::connect("::1", server_->port());
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ(must(client->request("GET", "/")).body, "::1");
}

}  // namespace
}  // namespace ducat::http
