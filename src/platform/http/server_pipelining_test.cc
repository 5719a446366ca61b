// Many requests at once: their order, their memory, and the limits on what is open.
#include "platform/http/server_fixture.h"

namespace ducat::http {
namespace {

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST_F(ServerTest, KeepsTheOrderOfFiftyRequestsAnsweredOutOfOrder) {
  start();
  Client client = connect();
  std::string all;
  for (int i = 0; i < 50; ++i) all += post("/held/" + std::to_string(i), "body " + std::to_string(i));
  ASSERT_TRUE(client.send(all));
  ASSERT_TRUE(handler_.wait_for_held(50));
  for (size_t i = 0; i < 50; ++i)
    handler_.release(i * 37 % 50);  // 37 and 50 have no common factor: each once
  for (int i = 0; i < 50; ++i) {
    std::string number = std::to_string(i);
    EXPECT_EQ(must(client.receive()).body, "/held/" + number + "|body " + number);
  }
}

// The views of a held request must survive everything that arrives after it.
TEST_F(ServerTest, KeepsTheBytesOfAHeldRequestWhileOthersCome) {
  options_.max_pipelined = 1024;
  start();
  Client client = connect();
  std::string first(3000, 'f');
  ASSERT_TRUE(client.send(post("/held/first", first)));
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(client.send(post("/echo", std::string(500, static_cast<char>('a' + i % 26)))));
  }
  ASSERT_TRUE(client.send(post("/held/last", "l")));
  ASSERT_TRUE(handler_.wait_for_held(2));
  handler_.release(1);
  handler_.release(0);
  EXPECT_EQ(must(client.receive()).body, "/held/first|" + first);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(must(client.receive()).body, std::string(500, static_cast<char>('a' + i % 26)));
  }
  EXPECT_EQ(must(client.receive()).body, "/held/last|l");
}

TEST_F(ServerTest, TakesNoMoreRequestsThanItsLimitUntilSomeAreAnswered) {
  options_.max_pipelined = 4;
  start();
  Client client = connect();
  std::string all;
  for (int i = 0; i < 10; ++i) all += post("/held/" + std::to_string(i), "");
  ASSERT_TRUE(client.send(all));
  ASSERT_TRUE(handler_.wait_for_held(4));
  EXPECT_EQ(handler_.held(), 4u);
  EXPECT_EQ(server_->counters().requests_in_flight, 4u);
  for (size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(handler_.wait_for_held(i + 1));
    EXPECT_LE(handler_.held(), i + 4);
    handler_.release(i);
    EXPECT_EQ(must(client.receive()).body, "/held/" + std::to_string(i) + "|");
  }
}

TEST_F(ServerTest, StopsReadingFromAClientThatDoesNotReadItsAnswers) {
  options_.max_pipelined = 10'000;
  options_.max_buffered_response_bytes = 256 << 10;
  std::string large(64 << 10, 'x');
  handler_.answer = [&](const Request&) { return text_response(large); };
  start();
  Client client = connect();
  std::string all;
  for (int i = 0; i < 2000; ++i) all += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";  // 128 MB of answers
  ASSERT_TRUE(client.send(all));
  ASSERT_TRUE(eventually([&] { return server_->counters().requests > 0; }));
  // All of them are answered once the client reads; before, only what the limits and the kernel's buffers
  // hold.
  EXPECT_EQ(must(client.receive()).body.size(), large.size());
  EXPECT_LT(server_->counters().requests, 1000u);
  for (int i = 1; i < 2000; ++i) ASSERT_EQ(must(client.receive()).body.size(), large.size());
}

TEST_F(ServerTest, UnderstandsRequestsThatComeByteByByte) {
  start();
  Client client = connect();
  std::string two = post("/echo?x", "hello") +
                    "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3;note=1\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n";
  for (char c : two) ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_EQ(must(client.receive()).body, "hello");
  EXPECT_EQ(must(client.receive()).body, "abcd");
}

TEST_F(ServerTest, PutsLargeBodiesTogether) {
  start();
  Client client = connect();
  std::string large;
  while (large.size() < 1'000'000) large += std::to_string(large.size()) + ",";
  EXPECT_EQ(must(client.request("POST", "/echo", {}, large)).body, large);

  std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0, size = 1; at < large.size(); at += size, size = size % 977 + 13) {
    std::string piece = large.substr(at, size);
    char length[16];
    snprintf(length, sizeof(length), "%zx\r\n", piece.size());
    chunked += length + piece + "\r\n";
  }
  ASSERT_TRUE(client.send(chunked + "0\r\n\r\n" + post("/echo", "after")));
  EXPECT_EQ(must(client.receive()).body, large);
  EXPECT_EQ(must(client.receive()).body, "after");
}

TEST_F(ServerTest, AnswersManyConnectionsAtOnce) {
  options_.io_threads = 2;
  start();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Client client = connect();
      for (int i = 0; i < 500; ++i) {
        std::string body = std::to_string(t) + ":" + std::to_string(i);
        auto response = client.request("POST", "/echo", {}, body);
        if (!response || response->body != body) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(server_->counters().requests, 2000u);
}

}  // namespace
}  // namespace ducat::http
