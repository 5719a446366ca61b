// A subscription on RabbitMQ: a thread and a connection of its own that consume the group's queue, hand out
// what comes, and send back what the subscriber says of it.
//
// What was in flight on a connection that is lost goes back to the front of the queue, in its order, and
// comes again; the subscriber's word on the earlier delivery then counts for nothing. Members of a group
// share its queue, so the order within a key holds for groups of one member, and across a change of members
// only if the new one comes after the old one has gone.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "platform/broker/delivery_outlet.h"
#include "platform/broker/rabbitmq/topology.h"

namespace ducat::broker::rabbitmq {

// Topology, options and counter outlive it. The destructor gives back what is not settled; it blocks for a
// limited time.
class Receiver final : public Subscription {
 public:
  Receiver(const RabbitOptions& options, Topology& topology, Clock& clock, std::atomic<uint64_t>& delivered,
           SubscriptionOptions subscription, Executor& executor, OnDeliveries on_deliveries);
  ~Receiver() override;
  void acknowledge(uint64_t tag) override { say(tag, true); }
  void reject(uint64_t tag) override { say(tag, false); }

 private:
  struct Word {
    uint64_t tag;
    bool handled;
  };
  enum class State : unsigned char { kOpen, kSettled };

  void run();
  Status serve();
  Status consume(Connection& connection);
  Status take(Connection& connection);
  void hand_out(const amqp_envelope_t& envelope);
  Status send_words(Connection& connection);
  void say(uint64_t tag, bool handled);

  const RabbitOptions& options_;
  Topology& topology_;
  Clock& clock_;
  std::atomic<uint64_t>& delivered_;
  const SubscriptionOptions subscription_;
  const std::unordered_set<std::string> types_;
  const std::shared_ptr<DeliveryOutlet> outlet_;
  Wake wake_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // words_
  std::vector<Word> words_;

  // The thread's. A delivery's tag is RabbitMQ's and what came on earlier connections.
  std::deque<State> in_flight_;
  uint64_t first_ = 1;  // RabbitMQ's tag of in_flight_.front()
  uint64_t offset_ = 0;
  std::unique_ptr<ThreadExecutor> thread_;
};

}  // namespace ducat::broker::rabbitmq
