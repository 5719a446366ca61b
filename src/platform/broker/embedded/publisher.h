// Publishing to the in-process broker's log: whatever waits while a commit runs shares the next one.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "platform/broker/embedded/message_log.h"

namespace ducat::broker {

// Thread-safe. Lives longer than the work on its executor.
class LogPublisher {
 public:
  // `written` is called on the write executor with the streams that have something new.
  LogPublisher(MessageLog& log, Clock& clock, Executor& write, size_t queue_bytes,
               std::function<void(const std::vector<std::string>& streams)> written)
      : log_(log), clock_(clock), write_(write), queue_bytes_(queue_bytes), written_(std::move(written)) {}

  // As Broker::publish. kNotFound: a stream that was not declared; kUnavailable: too much waits.
  void publish(std::vector<Message> messages, Executor& executor, OnPublished done);
  uint64_t published() const { return published_.load(std::memory_order_relaxed); }

 private:
  struct Request {
    size_t messages = 0;
    Executor* executor = nullptr;
    OnPublished done;
  };
  Status check(const std::vector<Message>& messages) const;
  void write();

  MessageLog& log_;
  Clock& clock_;
  Executor& write_;
  const size_t queue_bytes_;
  const std::function<void(const std::vector<std::string>&)> written_;
  std::atomic<uint64_t> published_{0};
  std::mutex mutex_;
  std::vector<Message> messages_;
  std::vector<Request> requests_;
  size_t bytes_ = 0;
};

}  // namespace ducat::broker
