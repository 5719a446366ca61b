// What is refused, how it is said, and that the connection ends there.
#include "platform/http/server_fixture.h"

namespace ducat::http {
namespace {

struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

std::string with_headers(const std::string& headers, const std::string& rest = "") {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + rest;
}

std::vector<BadRequest> bad_requests() {
  std::string big(20'000, 'a');
  std::string many;
  for (int i = 0; i < 101; ++i) many += "H" + std::to_string(i) + ": 1\r\n";
  std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  return {
      {"length_then_coding", with_headers("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       400},
      {"coding_then_length", with_headers("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"),
       400},
      {"two_lengths", with_headers("Content-Length: 4\r\nContent-Length: 5\r\n", "abcde"), 400},
      {"length_list", with_headers("Content-Length: 4, 5\r\n", "abcde"), 400},
      {"length_text", with_headers("Content-Length: four\r\n"), 400},
      {"length_sign", with_headers("Content-Length: +4\r\n", "abcd"), 400},
      {"length_negative", with_headers("Content-Length: -1\r\n"), 400},
      {"length_hex", with_headers("Content-Length: 0x4\r\n", "abcd"), 400},
      {"length_empty", with_headers("Content-Length:\r\n"), 400},
      {"length_overflow", with_headers("Content-Length: 18446744073709551617\r\n", "a"), 400},
      {"coding_unknown", with_headers("Transfer-Encoding: identity\r\n", smuggled), 400},
      {"coding_not_last", with_headers("Transfer-Encoding: chunked, gzip\r\n", smuggled), 400},
      {"coding_first", with_headers("Transfer-Encoding: gzip, chunked\r\n", smuggled), 400},
      {"coding_twice", with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", smuggled),
       400},
      {"coding_tab",
       with_headers("Transfer-Encoding: \x0b"
                    "chunked\r\n",
                    smuggled),
       400},
      {"coding_in_http10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"space_before_colon", with_headers("Content-Length : 4\r\n", "abcd"), 400},
      {"folded_line", with_headers("X-A: 1\r\n 2\r\n"), 400},
      {"folded_empty_line", with_headers("X-A:\r\n Content-Length: 4\r\n"), 400},
      {"folded_first_line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"header_without_colon", with_headers("X-A\r\n"), 400},
      {"header_without_name", with_headers(": 1\r\n"), 400},
      {"control_in_value", with_headers("X-A: \x01\r\n"), 400},
      {"nul_in_value", with_headers(std::string("X-A: a\0b\r\n", 10)), 400},
      {"bare_carriage_return", with_headers("X-A: a\rb\r\n"), 400},
      {"bare_line_feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"garbage", "\x16\x03\x01 tls\r\n\r\n", 400},
      {"no_target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"relative_target", "GET path HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"authority_target", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"foreign_scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 400},
      {"chunk_size", with_headers("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n"), 400},
      {"chunk_size_overflow", with_headers("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n"),
       400},
      {"chunk_too_long", with_headers("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"), 400},
      {"chunk_extension_endless", with_headers("Transfer-Encoding: chunked\r\n", "2;" + big), 400},
      {"trailer_endless", with_headers("Transfer-Encoding: chunked\r\n", "0\r\nA: " + big), 400},
      {"trailer_with_length",
       with_headers("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 1\r\n\r\n"), 400},
      {"unknown_expectation", with_headers("Expect: tea\r\n"), 417},
      {"declared_body_too_large", with_headers("Content-Length: 1048577\r\n"), 413},
      {"expected_body_too_large", with_headers("Expect: 100-continue\r\nContent-Length: 1048577\r\n"), 413},
      {"chunk_too_large", with_headers("Transfer-Encoding: chunked\r\n", "100001\r\nabc"), 413},
      {"long_target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"endless_target", "GET /" + big, 414},
      {"large_header", with_headers("X-A: " + big + "\r\n"), 431},
      {"endless_header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: " + big, 431},
      {"many_small_headers_at_length", with_headers("X-A: " + std::string(16 << 10, 'b') + "\r\n"), 431},
      {"too_many_headers", with_headers(many), 431},
  };
}

TEST_F(ServerTest, RefusesWhatItDoesNotUnderstandAndCloses) {
  options_.make_error = [](int status, std::string_view) {
    Response response = text_response("refused with " + std::to_string(status));
    response.status = status;
    return response;
  };
  start();
  for (const BadRequest& bad : bad_requests()) {
    SCOPED_TRACE(bad.name);
    Client client = connect();
    ASSERT_TRUE(client.send(bad.bytes));
    auto response = must(client.receive());
    EXPECT_EQ(response.status, bad.status);
    EXPECT_EQ(response.body, "refused with " + std::to_string(bad.status));
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
  }
  auto counters = server_->counters();
  EXPECT_EQ(counters.requests, 0u) << "none of them may reach the handler, nor what they smuggle";
  EXPECT_EQ(counters.rejected_malformed + counters.rejected_too_large, bad_requests().size());
  EXPECT_EQ(counters.rejected_too_large, 9u);
}

TEST_F(ServerTest, AcceptsWhatIsUnusualButClear) {
  start();
  EXPECT_EQ(exchange("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
  EXPECT_EQ(exchange("GET / HTTP/1.1\r\nHost:\r\n\r\n").status, 200);
  EXPECT_EQ(exchange(with_headers("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd")).body, "abcd");
  EXPECT_EQ(exchange(with_headers("transfer-encoding: CHUNKED\r\n", "2\r\nab\r\n0\r\n\r\n")).body, "ab");
  EXPECT_EQ(exchange("GET /" + std::string(8000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST_F(ServerTest, TellsTheErrorMakerTheTarget) {
  options_.make_error = [](int status, std::string_view target) {
    Response response = text_response("about " + std::string(target));
    response.status = status;
    return response;
  };
  start();
  EXPECT_EQ(exchange(with_headers("Content-Length: x\r\n")).body, "about /x");
  EXPECT_EQ(exchange("not http\r\n\r\n").body, "about ");
}

TEST_F(ServerTest, RefusesAGrowingChunkedBodyWithoutReadingItAll) {
  options_.max_body_bytes = 10'000;
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(with_headers("Transfer-Encoding: chunked\r\n")));
  std::string chunk = "800\r\n" + std::string(0x800, 'x') + "\r\n";
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.send(chunk));  // twice the limit, and no end
  EXPECT_EQ(must(client.receive()).status, 413);
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
}

TEST_F(ServerTest, LetsAClientFinishSendingBeforeItReadsItsRefusal) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(with_headers("Content-Length: 4000000\r\n")));
  ASSERT_TRUE(client.send(std::string(4'000'000, 'x')));
  EXPECT_EQ(must(client.receive()).status, 413);
}

TEST_F(ServerTest, AnswersEarlierRequestsBeforeARefusal) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n"));
  ASSERT_TRUE(handler_.wait_for_held(1));
  handler_.release(0);
  auto first = must(client.receive());
  EXPECT_EQ(first.body, "/held|");
  EXPECT_EQ(first.header("Connection"), "");
  EXPECT_EQ(must(client.receive()).status, 400);
}

TEST_F(ServerTest, TimesOutSlowHeadersAndSlowBodies) {
  options_.header_timeout = options_.body_timeout = Duration::millis(60);
  start();
  EXPECT_EQ(exchange("GET / HTTP/1.1\r\nHo").status, 408);
  Client client = connect();
  ASSERT_TRUE(client.send(with_headers("Content-Length: 4\r\n", "ab")));
  auto response = must(client.receive());
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
  EXPECT_EQ(server_->counters().rejected_timeouts, 2u);
}

TEST_F(ServerTest, ClosesSilentAndIdleConnections) {
  options_.header_timeout = options_.idle_timeout = Duration::millis(60);
  start();
  Client silent = connect();
  EXPECT_TRUE(silent.closed_by_server(Duration::seconds(10)));
  Client idle = connect();
  EXPECT_EQ(must(idle.request("GET", "/")).status, 200);
  EXPECT_TRUE(idle.closed_by_server(Duration::seconds(10)));
  EXPECT_EQ(server_->counters().rejected_timeouts, 0u);
}

TEST_F(ServerTest, DoesNotTimeAHandlerThatTakesLong) {
  options_.header_timeout = options_.idle_timeout = options_.body_timeout = Duration::millis(20);
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(handler_.wait_for_held(1));
  // Others time out meanwhile, several times over.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(connect().closed_by_server(Duration::seconds(10)));
  handler_.release(0);
  EXPECT_EQ(must(client.receive()).body, "/held|");
}

TEST_F(ServerTest, CutsAClientThatDoesNotReadItsAnswers) {
  options_.write_timeout = Duration::millis(60);
  handler_.answer = [](const Request&) { return text_response(std::string(32 << 20, 'x')); };
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(eventually([&] { return server_->counters().cut_slow_readers == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->counters().connections_open == 0; }));
}

TEST_F(ServerTest, SaysBusyToTooManyConnections) {
  options_.max_connections = 2;
  start();
  Client first = connect(), second = connect();
  EXPECT_EQ(must(first.request("GET", "/")).status, 200);
  EXPECT_EQ(must(second.request("GET", "/")).status, 200);
  Client third = connect();
  auto refused = must(third.receive());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("Connection"), "close");
  EXPECT_TRUE(third.closed_by_server(Duration::seconds(10)));
  third.reset();
  first.reset();
  ASSERT_TRUE(eventually([&] { return server_->counters().connections_open == 1; }));
  EXPECT_EQ(must(connect().request("GET", "/")).status, 200);
  EXPECT_EQ(server_->counters().rejected_connections, 1u);
}

}  // namespace
}  // namespace ducat::http
