// Messages between services, whatever carries them: in-process delivery, NATS, RabbitMQ or Kafka.
//
// The promise all adapters keep (testing/broker_contract.h proves it for each with the real server): a
// message whose publishing was confirmed is delivered at least once to every group, also after a crash of
// either side or of the broker; messages with the same key reach a group in the order they were published,
// but for repeats; what a group has acknowledged it does not see again, but for what was acknowledged in the
// moment of a crash. Who consumes therefore remembers message ids in the commit of their effect (the inbox:
// the engine's idempotency keys).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/runtime/executor.h"

namespace ducat::broker {

// One message. `body` is a CloudEvent in structured JSON (cloud_event.h); the fields beside it are what
// brokers route by, and equal those in the body.
struct Message {
  std::string stream;  // "wallet_events": NATS stream, RabbitMQ exchange, Kafka topic
  std::string type;    // "wallet.funds_deposited": NATS subject, RabbitMQ routing key, header on Kafka
  std::string key;     // messages of one key keep their order; at most 255 bytes
  std::string id;      // unique; the same whenever it is sent again; at most 255 bytes
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // rarely any: a dead letter's reason
};

// The largest body every adapter carries; a larger one is refused with kInvalid before anything is sent.
constexpr size_t kLargestBody = size_t{900} << 10;

// A message as it reaches a consumer.
struct Delivery {
  Message message;
  uint64_t attempt = 1;  // how often the broker has handed it out, as far as it counts; at least 1
  uint64_t tag = 0;      // what acknowledge and reject are called with; the subscription's own numbering
};

// A stream of messages as it is declared. Declaring what is there already changes nothing but its limits.
struct StreamSpec {
  std::string name;
  // What its types begin with: {"audit.log."} or {"wallet."}. NATS makes subjects of them.
  std::vector<std::string> type_prefixes;
  // NATS: put before the type to make the subject; "" : the type is the subject.
  std::string subject_prefix;
  Duration retention = Duration::seconds(7 * 24 * 3600);
  // Older messages go first, also those that a group has not seen: only for what may be lost. 0: no limit but
  // `retention` and the disk.
  int64_t max_bytes = 0;
  int partitions = 8;  // Kafka
};

struct SubscriptionOptions {
  std::string stream;
  std::vector<std::string> types;  // only these; empty: all of the stream
  // Durable name: each message goes to one member of the group, and the group's position outlives its
  // members. A new group starts with the oldest message there is.
  std::string group;
  size_t max_in_flight = 1024;  // delivered and neither acknowledged nor rejected: back-pressure
};

// Gets what has arrived, in order, on the executor the subscription was made with. Must not block for long.
using OnDeliveries = std::function<void(std::vector<Delivery>)>;
// Gets the outcome of a publish, on the executor given.
using OnPublished = std::move_only_function<void(Status)>;

// Lives until destroyed, which stops it: no delivery is handed out afterwards, and what was not acknowledged
// is delivered again, to another member or after the next start. Thread-safe, but not to be destroyed from
// within OnDeliveries.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // The effect is durable: never deliver it again. In any order; the adapter sorts that out.
  virtual void acknowledge(uint64_t tag) = 0;
  // Not handled: deliver it again soon. Later messages of its key may then come before it; consumers that
  // need the order retry by themselves (consumer.h) and only acknowledge.
  virtual void reject(uint64_t tag) = 0;
};

// A stream that exists elsewhere already: a service's journal, decoded into messages. Numbers grow and may
// have gaps.
class Source {
 public:
  virtual ~Source() = default;
  struct Numbered {
    uint64_t number;
    Message message;
  };
  struct Chunk {
    std::vector<Numbered> messages;
    uint64_t reached = 0;  // everything up to here has been looked at, also what makes no message
  };
  // At most about `limit` messages after `after`, in order; none with reached == after: there is nothing new.
  // Where `types` has any, messages of others may be left out: making them would be for nothing. May block on
  // disk. One thread at a time for each reader; several readers may read at once.
  virtual Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string> types) = 0;
  // `wake` is called, from any thread and possibly too often, whenever there may be more; it must not block.
  // Once for each listener; the number returned ends it, and then it is not running any more.
  virtual uint64_t listen(std::function<void()> wake) = 0;
  virtual void unlisten(uint64_t listener) = 0;

  // Where publishing to an external broker goes on (not used by in-process delivery). May block on disk.
  virtual Result<uint64_t> published() = 0;
  virtual Status set_published(uint64_t number) = 0;
  // Changes when somebody else may have published meanwhile (another process, which led): then `published` is
  // asked again before more is read.
  virtual uint64_t term() const { return 0; }
};

// How a broker is, for /health and metrics.
struct BrokerHealth {
  bool connected = false;
  std::string detail;      // the last trouble, or what it is connected to
  uint64_t published = 0;  // confirmed
  uint64_t delivered = 0;
  uint64_t unpublished = 0;  // of fed sources: read and not confirmed yet
};

// Start once, stop once; everything else in between, thread-safe. Connections that are lost come back by
// themselves, with pauses that grow; meanwhile publishes fail with kUnavailable once their time is over and
// deliveries pause.
class Broker {
 public:
  virtual ~Broker() = default;
  // Connects (for a limited time) or says why it cannot; blocks.
  virtual Status start() = 0;
  // Ends feeds and connections; subscriptions must be gone by then. Blocks.
  virtual void stop() = 0;

  // Makes the stream if it is not there; blocks.
  virtual Status declare(const StreamSpec& stream) = 0;

  // Confirmed by the broker as durable: OK. An error: some of them may be there nevertheless (always a
  // prefix, so that repeating all of them keeps the order of each key but for repeats). kInvalid: too large,
  // nothing sent. For messages that have no journal behind them (dead letters, redriven ones); everything
  // else is fed.
  virtual void publish(std::vector<Message> messages, Executor& executor, OnPublished done) = 0;

  // From now on all of the source goes out on the (declared) stream, in order, a position saved only once it
  // is confirmed. Sources of one stream are fed in the same order at every start, and outlive `stop`.
  virtual Status feed(const std::string& stream, Source& source) = 0;

  // The executor must keep the order and outlive the subscription.
  virtual Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                          OnDeliveries on_deliveries) = 0;

  virtual BrokerHealth health() const = 0;
};

}  // namespace ducat::broker
