// Starting and the ways a connection or the server ends while work is going on.
#include "platform/http/server_fixture.h"

namespace ducat::http {
namespace {

TEST_F(ServerTest, NamesThePortThatIsInUse) {
  start();
  ServerOptions taken;
  taken.port = server_->port();
  Server second(taken);
  auto started = second.start(handler_);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kBusy);
  EXPECT_EQ(started.error().message, "port " + std::to_string(taken.port) + " on 127.0.0.1 is in use");
}

TEST_F(ServerTest, RefusesAHostOrAProxyThatIsNone) {
  ServerOptions no_host;
  no_host.host = "no.such.host.invalid";
  auto started = Server(no_host).start(handler_);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kInvalid);
  ServerOptions no_proxy;
  no_proxy.trusted_proxies = {"10.0.0.0/33"};
  started = Server(no_proxy).start(handler_);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("10.0.0.0/33"), std::string::npos);
}

TEST_F(ServerTest, AnswersAClientThatHasFinishedSending) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /held/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /held/2 HTTP/1.1\r\nHost: a\r\n\r\n"));
  client.finish_sending();
  ASSERT_TRUE(handler_.wait_for_held(2));
  handler_.release(1);
  handler_.release(0);
  EXPECT_EQ(must(client.receive()).body, "/held/1|");
  auto last = must(client.receive());
  EXPECT_EQ(last.body, "/held/2|");
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
}

TEST_F(ServerTest, AnswersAllOfAHalfClosedClientsRequestsBeyondThePipeliningLimit) {
  options_.max_pipelined = 2;
  start();
  Client client = connect();
  std::string all;
  for (int i = 0; i < 6; ++i) all += "GET /held/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(client.send(all));
  client.finish_sending();
  for (size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(handler_.wait_for_held(i + 1));
    handler_.release(i);
    EXPECT_EQ(must(client.receive()).body, "/held/" + std::to_string(i) + "|");
  }
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
}

TEST_F(ServerTest, RefusesARequestThatEndsHalfWay) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
  client.finish_sending();
  EXPECT_EQ(must(client.receive()).status, 400);
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
  EXPECT_EQ(server_->counters().requests, 0u);
}

TEST_F(ServerTest, KeepsTheExchangesOfAClientThatHasGone) {
  start();
  Client client = connect();
  std::string body(2000, 'b');
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + body));
  }
  ASSERT_TRUE(handler_.wait_for_held(3));
  client.reset();
  // Another connection makes the server use its memory meanwhile.
  EXPECT_EQ(must(connect().request("POST", "/echo", {}, std::string(8000, 'c'))).status, 200);
  EXPECT_EQ(handler_.exchange(1).request().body, body);
  EXPECT_EQ(handler_.exchange(2).request().path, "/held");
  handler_.release(2);
  handler_.release(0);
  handler_.release(1);
  EXPECT_TRUE(eventually([&] {
    auto counters = server_->counters();
    return counters.requests_in_flight == 0 && counters.connections_open == 0;
  }));
}

TEST_F(ServerTest, SurvivesClientsThatLeaveWhileTheirAnswersAreWritten) {
  handler_.answer = [](const Request&) { return text_response(std::string(4 << 20, 'x')); };
  start();
  for (int i = 0; i < 20; ++i) {
    Client client = connect();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    if (i % 2 == 0) {
      ASSERT_TRUE(eventually([&] { return server_->counters().bytes_out > 0; }));
    }
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return server_->counters().connections_open == 0; }));
}

TEST_F(ServerTest, AnswersWhatItHasAcceptedBeforeItStops) {
  start();
  Client busy = connect(), idle = connect();
  EXPECT_EQ(must(idle.request("GET", "/")).status, 200);
  ASSERT_TRUE(busy.send("GET /held/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /held/2 HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(handler_.wait_for_held(2));

  Status stopped = fail(Errc::kCancelled, "not yet");
  std::thread stopping([&] { stopped = server_->stop(Duration::seconds(20)); });
  EXPECT_TRUE(idle.closed_by_server(Duration::seconds(10)));
  handler_.release(1);
  handler_.release(0);
  EXPECT_EQ(must(busy.receive()).body, "/held/1|");
  auto last = must(busy.receive());
  EXPECT_EQ(last.body, "/held/2|");
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_TRUE(busy.closed_by_server(Duration::seconds(10)));
  { Client closing = std::move(busy); }
  stopping.join();
  EXPECT_TRUE(stopped) << stopped.error().message;
  auto refused = Client::connect("127.0.0.1", server_->port(), Duration::seconds(5));
  EXPECT_FALSE(refused);
}

TEST_F(ServerTest, FinishesAHalfReceivedRequestBeforeItStops) {
  start();
  Client client = connect(), idle = connect();
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"));
  EXPECT_EQ(must(idle.request("GET", "/")).status, 200);
  ASSERT_TRUE(eventually([&] { return server_->counters().bytes_in > 80; }));
  Status stopped;
  std::thread stopping([&] { stopped = server_->stop(Duration::seconds(20)); });
  EXPECT_TRUE(idle.closed_by_server(Duration::seconds(10)));
  ASSERT_TRUE(client.send("def"));
  auto response = must(client.receive());
  EXPECT_EQ(response.body, "abcdef");
  EXPECT_EQ(response.header("Connection"), "close");
  stopping.join();
  EXPECT_TRUE(stopped) << stopped.error().message;
}

TEST_F(ServerTest, StopsAtItsDeadlineAndSaysWhatWasLeft) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(handler_.wait_for_held(1));
  auto stopped = server_->stop(Duration::millis(50));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::kTimeout);
  EXPECT_EQ(stopped.error().message, "1 requests were not answered before the stop");
  EXPECT_TRUE(client.closed_by_server(Duration::seconds(10)));
  // The exchange is still there, and so is its executor.
  EXPECT_EQ(handler_.exchange(0).request().path, "/held");
  handler_.release(0);
  EXPECT_TRUE(eventually([&] { return server_->counters().requests_in_flight == 0; }));
}

TEST_F(ServerTest, KeepsAnUnansweredExchangeEvenWhenItIsDestroyed) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(handler_.wait_for_held(1));
  server_.reset();
  EXPECT_EQ(handler_.exchange(0).request().path, "/held");
  bool ran = false;
  handler_.exchange(0).executor().post([&] { ran = true; });
  EXPECT_FALSE(ran);
}

TEST_F(ServerTest, StopsWhileRequestsPour) {
  options_.io_threads = 2;
  start();
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!done) {
        auto client = Client::connect("127.0.0.1", server_->port(), Duration::seconds(5));
        if (!client) continue;
        // Until the server says that it closes: every answer that comes must be whole and right.
        for (;;) {
          auto response = client->request("POST", "/echo", {}, "body");
          if (!response) break;
          if (response->body != "body") ++wrong;
          if (response->header("Connection") == "close") break;
        }
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return server_->counters().requests > 1000; }));
  auto stopped = server_->stop(Duration::seconds(20));
  done = true;
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(server_->counters().requests_in_flight, 0u);
}

}  // namespace
}  // namespace ducat::http
