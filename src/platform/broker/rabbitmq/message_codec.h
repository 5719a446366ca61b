// A message as AMQP 0-9-1 carries it: the body as it is; the type as routing key and property; id, content
// type (CloudEvents AMQP binding, structured mode) and persistence as properties; the key and further headers
// as headers. RabbitMQ sorts headers when it adds its own, so their order stands in one of ours as well.
#pragma once

#include <string>
#include <vector>

#include "platform/broker/rabbitmq/connection.h"

namespace ducat::broker::rabbitmq {

// Properties for a publish; valid as long as it and the message live.
class EncodedProperties {
 public:
  explicit EncodedProperties(const Message& message);
  const amqp_basic_properties_t& get() const { return properties_; }

 private:
  amqp_basic_properties_t properties_{};
  std::string headers_;
  std::vector<amqp_table_entry_t> entries_;
};

struct Received {
  Message message;
  uint64_t attempt = 1;
};
// `stream`: what it was subscribed as; a dead letter has come through another exchange first.
Received decode(const amqp_envelope_t& envelope, const std::string& stream);

}  // namespace ducat::broker::rabbitmq
