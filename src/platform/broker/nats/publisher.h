// The thread that publishes: sends what waits in the queue over a connection of its own and makes a new one
// when that is lost.
//
// Nothing may be stored past a hole. A connection that ends takes the end of what was sent, which the queue
// then sends again from its beginning; and where the server itself may skip one message and take the next
// (a cluster that changes its leader), each message that follows an unconfirmed one names it as the last the
// stream must have. If another publisher came between, the server refuses the rest, which is sent again; the
// window shrinks meanwhile, down to one message, which expects nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "platform/broker/nats/streams.h"
#include "platform/broker/publish_queue.h"

namespace ducat::broker::nats {

// From `start` to `stop`, both blocking. The queue and the table outlive it.
class Publisher {
 public:
  // Called on the publisher's thread, with a new connection and before anything is sent on it.
  using Prepare = std::function<Status(Connection& connection)>;

  Publisher(const NatsOptions& options, PublishQueue& queue, Clock& clock, Prepare prepare,
            StreamTable& streams);
  ~Publisher();
  void start();
  void stop();

  bool connected() const { return connected_; }
  std::string trouble() const;

 private:
  // Shared with the library, whose callbacks may come after the end of a connection.
  struct Answers;

  void run();
  void pause(Duration limit);
  // One connection, from its making to its end.
  Status serve();
  Result<SubscriptionHandle> listen(Connection& connection, const std::shared_ptr<Answers>& answers);
  Status send_all(Connection& connection, Answers& answers);
  Status send_again(Answers& answers);
  Status send(Connection& connection, const PublishQueue::Send& next);
  void note(const Error& trouble);

  const NatsOptions options_;
  PublishQueue& queue_;
  Clock& clock_;
  const Prepare prepare_;
  StreamTable& streams_;
  struct Last {
    uint64_t number = 0;
    std::string id;
  };
  std::string inbox_;
  size_t window_ = 1;
  std::unordered_map<std::string, Last> last_sent_;  // of each stream
  std::atomic<bool> connected_ = false;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::unique_ptr<ThreadExecutor> thread_;
};

}  // namespace ducat::broker::nats
