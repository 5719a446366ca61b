// The broker on Kafka: a topic for each stream, keys choose partitions, a consumer group for each group.
//
// What Kafka promises by itself is less than broker.h does, and the difference is made up here:
// - A confirmed message is in the page cache of the brokers, not on their disks: one node that loses power
// loses
//   it. Topics are therefore declared with flush.messages=1 (each batch is synced) unless `sync` is off,
//   which is right for topics with several replicas in different places.
// - The producer is idempotent and gapless: when a message cannot be delivered, nothing after it is, and the
//   producer is made anew.
// - Commits are of the lowest message that is not acknowledged, whatever order acknowledgements come in.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "platform/broker/broker.h"

namespace ducat::broker {

struct KafkaOptions {
  std::string url = "kafka://127.0.0.1:9092";  // kafka://host:port[,host:port …]
  int replication = -1;                        // of new topics; -1: the broker's default
  bool sync = true;                            // of new topics: each batch is on disk before it is confirmed
  Duration start_limit = Duration::seconds(10);
  Duration publish_limit = Duration::seconds(15);    // until confirmed
  Duration request_timeout = Duration::seconds(10);  // of one administrative request
  Duration session_timeout = Duration::seconds(6);   // a member silent for longer is dead
  size_t waiting = 200'000;                          // messages accepted and not confirmed
  size_t waiting_bytes = size_t{256} << 20;
};

// Not started. kInvalid for a url that cannot be read. Thread-safe as broker.h says; threads: one for
// confirmations, one for feeds, one for each subscription, and the library's own.
Result<std::unique_ptr<Broker>> make_kafka_broker(KafkaOptions options);

}  // namespace ducat::broker
