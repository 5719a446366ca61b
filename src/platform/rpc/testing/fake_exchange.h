// A request without a socket, for tests of handlers: what would have been sent is kept.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/http/message.h"
#include "platform/http/text.h"

namespace ducat::rpc::testing {

// Its executor runs work on a thread of its own; `wait` blocks until the answer is there (at most ten
// seconds).
class FakeExchange final : public http::Exchange {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  FakeExchange(Executor& executor, std::string method, std::string target, std::string body = {},
               Headers headers = {})
      : executor_(executor),
        method_(std::move(method)),
        target_(std::move(target)),
        body_(std::move(body)),
        owned_(std::move(headers)) {
    for (const auto& [name, value] : owned_) headers_.push_back({name, value});
    size_t question = target_.find('?');
    request_.method = method_;
    request_.target = target_;
    request_.path = std::string_view(target_).substr(0, question);
    if (question != std::string::npos) request_.query = std::string_view(target_).substr(question + 1);
    request_.headers = headers_;
    request_.body = body_;
    request_.client = "192.0.2.1";
  }

  const http::Request& request() const override { return request_; }
  Executor& executor() override { return executor_; }
  void respond(http::Response response) override {
    std::lock_guard lock(mutex_);
    response_ = std::move(response);
    answered_.notify_all();
  }

  const http::Response& wait() {
    std::unique_lock lock(mutex_);
    if (!answered_.wait_for(lock, std::chrono::seconds(10), [&] { return response_.has_value(); }))
      std::abort();
    return *response_;
  }
  bool answered() {
    std::lock_guard lock(mutex_);
    return response_.has_value();
  }

 private:
  Executor& executor_;
  std::string method_, target_, body_;
  Headers owned_;
  std::vector<http::Header> headers_;
  http::Request request_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<http::Response> response_;
};

// The first header of that name, or nothing.
inline std::optional<std::string> header_of(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (http::equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace ducat::rpc::testing
