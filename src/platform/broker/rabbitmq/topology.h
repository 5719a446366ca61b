// Exchanges, queues and bindings: how the broker's terms become RabbitMQ's (rabbitmq.h has the rules).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "platform/broker/rabbitmq/connection.h"

namespace ducat::broker::rabbitmq {

// A stream that belongs to one group: "<group>.dlq", "<group>.retry".
bool belongs_to_group(const std::string& stream);

// What is known here of streams. Thread-safe; the functions that take a connection block for as long as a few
// requests may take, and may be repeated.
class Topology {
 public:
  explicit Topology(const RabbitOptions& options) : options_(options) {}

  // Makes the exchange, and the queues of the groups that are known.
  Status declare(Connection& connection, const StreamSpec& spec);
  // Makes the queue of a subscription; the answer is its name. kNotFound: there is no such stream.
  Result<std::string> declare_queue(Connection& connection, const SubscriptionOptions& subscription);
  // kNotFound unless the stream's exchange is there.
  static Status check_exchange(Connection& connection, const std::string& stream);

 private:
  struct Queue {
    std::string name;
    std::string dead_letters;  // the exchange; empty: none
    Duration retention;
    int64_t max_bytes;
  };

  std::string queue_name(const std::string& stream, const std::string& group) const;
  StreamSpec spec_of(const std::string& stream) const;
  Status make_exchange(Connection& connection, const std::string& name);
  Status make_queue(Connection& connection, const Queue& queue);
  Status bind(Connection& connection, const std::string& queue, const std::string& exchange,
              const std::vector<std::string>& types);
  Status make_group(Connection& connection, const StreamSpec& spec, const std::string& group,
                    const std::string& queue, const std::vector<std::string>& types);

  const RabbitOptions& options_;
  mutable std::mutex mutex_;
  std::map<std::string, StreamSpec> specs_;
};

}  // namespace ducat::broker::rabbitmq
