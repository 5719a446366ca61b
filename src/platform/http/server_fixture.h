// What the server's tests share: a server on a free port, and a handler that answers at once or holds its
// exchanges until the test says.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/testing/eventually.h"
#include "platform/http/client.h"
#include "platform/http/server.h"

namespace ducat::http {

inline Response text_response(std::string body) {
  Response response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

// "/held…" is kept for the test; everything else goes to `answer`, by default an echo of the body.
class TestHandler final : public Handler {
 public:
  std::function<Response(const Request&)> answer = [](const Request& request) {
    return text_response(std::string(request.body));
  };

  void handle(Exchange& exchange) override {
    if (!exchange.request().path.starts_with("/held")) return exchange.respond(answer(exchange.request()));
    std::lock_guard lock(mutex_);
    held_.push_back(&exchange);
    changed_.notify_all();
  }

  // Waits until `count` exchanges have been held in all; false after a while.
  bool wait_for_held(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return held_.size() >= count; });
  }
  size_t held() {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  Exchange& exchange(size_t index) {
    std::lock_guard lock(mutex_);
    return *held_[index];
  }
  // Answers a held exchange from this thread, by way of its executor, with its target and body as they are
  // then.
  void release(size_t index) {
    Exchange& released = exchange(index);
    released.executor().post([&released] {
      const Request& request = released.request();
      released.respond(text_response(std::string(request.target) + "|" + std::string(request.body)));
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Exchange*> held_;
};

class ServerTest : public testing::Test {
 protected:
  void start() {
    server_ = std::make_unique<Server>(options_);
    auto started = server_->start(handler_);
    ASSERT_TRUE(started) << started.error().message;
  }
  void TearDown() override {
    if (server_ != nullptr) (void)server_->stop(Duration::seconds(5));
  }

  Client connect() {
    auto client = Client::connect("127.0.0.1", server_->port(), Duration::seconds(20));
    EXPECT_TRUE(client) << client.error().message;
    return std::move(*client);
  }
  // One request as bytes and its answer, on a connection of its own.
  ClientResponse exchange(std::string_view bytes, bool head = false) {
    Client client = connect();
    EXPECT_TRUE(client.send(bytes));
    return must(client.receive(head));
  }
  static ClientResponse must(Result<ClientResponse> response) {
    EXPECT_TRUE(response) << response.error().message;
    return response ? std::move(*response) : ClientResponse();
  }

  TestHandler handler_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

}  // namespace ducat::http
