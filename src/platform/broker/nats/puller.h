// A durable pull consumer: asks the server for as many messages as its subscriber has room for, hands them
// out, acknowledges what the subscriber says, and prolongs the time of what it is still holding.
//
// The order within a key survives a lost connection and a member's crash: what was sent and not received is
// given back before anything new is asked for (give_back_lost), what this member holds or has just
// acknowledged is recognized by its sequence (unless the server was started anew, which may have lost the end
// of the stream and give its sequences to others), and what comes when there is no room waits here. Several
// members of a group share its messages, so the order between them is the handlers'.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "platform/broker/delivery_outlet.h"
#include "platform/broker/nats/message_codec.h"

namespace ducat::broker::nats {

// Shared between its subscription, the broker's upkeep and the library's callbacks. Thread-safe; the
// connection and the clock outlive `close`, which ends it.
class Puller : public std::enable_shared_from_this<Puller> {
 public:
  struct Environment {
    const NatsOptions& options;
    Connection& connection;
    Clock& clock;
    StreamTable& streams;
    std::atomic<uint64_t>& delivered;
  };
  Puller(Environment environment, SubscriptionOptions options, Executor& executor,
         OnDeliveries on_deliveries);

  // To be called every second or so, and after the connection came back. Makes what is missing at the
  // server; blocks for as long as a few requests may take. One thread.
  Status upkeep();
  void acknowledge(uint64_t tag);
  void reject(uint64_t tag);
  // Nothing is handed out afterwards; what is not acknowledged goes back to the server, in order. Blocks, for
  // a limited time.
  void close();

 private:
  struct Slot {
    std::string reply;  // where to acknowledge; empty: settled
    uint64_t sequence = 0;
    Timestamp prolonged;
  };

  // One subscription of the library: what comes on an older one is not taken.
  struct Listener {
    std::shared_ptr<Puller> puller;
    uint64_t number;
  };

  Status set_up(uint64_t generation);
  void forget_deliveries();
  Status listen();
  void on_message(MessageHandle message, uint64_t listener);
  void on_status(natsMsg* message);
  void arrived(MessageHandle message);
  void hand_out(natsMsg* message, const DeliveryInfo& info, const char* reply);
  void settle(uint64_t tag, const char* verb);
  void answer(const std::string& reply, const char* verb);
  void ask();
  void prolong();
  Status give_back(const std::vector<std::string>& open);
  bool wanted(const natsMsg* message) const;
  void remember(uint64_t sequence);

  const Environment environment_;
  const SubscriptionOptions options_;
  const std::shared_ptr<DeliveryOutlet> outlet_;
  const std::string consumer_;

  std::mutex mutex_;
  StreamTable::Entry stream_;                 // since the first set-up
  std::unordered_set<std::string> subjects_;  // of the types asked for; empty: all
  SubscriptionHandle subscription_;
  uint64_t listener_ = 0;
  std::string inbox_;
  bool ready_ = false;       // the consumer is there and asked
  uint64_t generation_ = 0;  // of the connection it was asked on
  std::string server_;       // that it was last set up at
  bool closed_ = false;
  size_t requested_ = 0;  // asked for and not come
  Timestamp heard_;       // when the server last said anything
  std::deque<Slot> slots_;
  uint64_t first_tag_ = 1;  // of slots_.front()
  size_t in_flight_ = 0;
  std::unordered_map<uint64_t, uint64_t> tags_;  // of what is in flight, by sequence
  std::deque<MessageHandle> held_back_;          // came when there was no room
  std::deque<uint64_t> settled_;                 // the last sequences that were acknowledged
  std::unordered_set<uint64_t> settled_set_;
};

}  // namespace ducat::broker::nats
