// The broker on RabbitMQ: a stream is a durable topic exchange, a group a quorum queue bound to it.
//
// Quorum queues write and sync before they confirm, so what is confirmed survives a power cut. What RabbitMQ
// cannot do: a queue holds what came after it was made, so a group that is to miss nothing is named in
// `groups` (its queue is made with the stream) or has subscribed before; subscribing therefore blocks until
// the queue is there, for a limited time. Repeats are not dropped.
//
// Queues: those of `groups` have the names given there, others "<group>.<stream>"; a stream whose name ends
// in ".dlq" or ".retry" belongs to one group and has one queue, of its own name. What RabbitMQ itself gives
// up on (delivered too often, too old, too many) goes to the exchange "<group>.dlq".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "platform/broker/broker.h"
#include "platform/broker/publish_queue.h"

namespace ducat::broker {

struct RabbitOptions {
  // amqp://user:password@host:port/vhost; amqps:// for TLS.
  std::string url = "amqp://guest:guest@127.0.0.1:5672/%2f";
  std::string ca_file = "/etc/ssl/certs/ca-certificates.crt";  // who may sign the server's certificate
  // Groups whose queues are made when their stream is declared.
  struct Group {
    std::string stream;
    std::string group;
    std::string queue;               // its name
    std::vector<std::string> types;  // empty: all
  };
  std::vector<Group> groups;
  // So often a message is delivered before it goes to the dead letters. A lost connection counts for all that
  // was in flight, so this is for messages that end their consumers, not for failed attempts.
  int delivery_limit = 100;
  Duration heartbeat = Duration::seconds(10);
  Duration connect_timeout = Duration::seconds(3);   // of one attempt
  Duration request_timeout = Duration::seconds(10);  // of one administrative request
  Duration start_limit = Duration::seconds(10);
  PublishLimits publishing;
};

// Not started. The clock outlives it. Thread-safe as broker.h says; one thread and connection that publish,
// one for each subscription.
std::unique_ptr<Broker> make_rabbit_broker(RabbitOptions options, Clock& clock);

}  // namespace ducat::broker
