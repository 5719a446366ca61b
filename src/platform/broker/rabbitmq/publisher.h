// The thread that publishes to RabbitMQ: one channel in confirm mode, a window of unconfirmed messages, and
// everything again from the oldest unconfirmed one after a lost connection.
//
// A message RabbitMQ refuses (basic.nack: a queue has no quorum) fails its call, though later ones of the
// window may have been stored; a feed then repeats the batch. That is the one case in which a message of a
// key can be seen before its predecessor.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_set>

#include "platform/broker/publish_queue.h"
#include "platform/broker/rabbitmq/connection.h"

namespace ducat::broker::rabbitmq {

// From `start` to `stop`, both blocking. The queue outlives it; it calls the publisher from other threads
// until `stop`.
class Publisher {
 public:
  Publisher(const RabbitOptions& options, PublishQueue& queue, Clock& clock,
            std::function<void()> on_connected);
  ~Publisher() { stop(); }
  void start();
  void stop();

  bool connected() const { return connected_; }
  std::string trouble() const;

 private:
  void run();
  // One connection, from its making to its end.
  Status serve();
  Status work(Connection& connection);
  Status send(Connection& connection);
  Status take_answers(Connection& connection);
  void settle(uint64_t tag, bool multiple, bool stored);
  Status know(Connection& connection, const std::string& stream);
  void note(const Error& trouble);

  const RabbitOptions& options_;
  PublishQueue& queue_;
  Clock& clock_;
  const std::function<void()> on_connected_;
  Wake wake_;
  // Of the connection: numbers of what was sent and not confirmed, the first under first_tag_.
  std::deque<uint64_t> sent_;
  uint64_t first_tag_ = 1;
  std::unordered_set<std::string> known_;  // exchanges that are there
  std::atomic<bool> connected_ = false;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::unique_ptr<ThreadExecutor> thread_;
};

}  // namespace ducat::broker::rabbitmq
