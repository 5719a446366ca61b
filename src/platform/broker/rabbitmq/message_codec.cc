// See message_codec.h.
#include "platform/broker/rabbitmq/message_codec.h"

#include <span>

#include "platform/broker/dead_letters.h"
#include "platform/broker/header_text.h"

namespace ducat::broker::rabbitmq {
namespace {

constexpr std::string_view kCloudEvent = "application/cloudevents+json";
constexpr std::string_view kKey = "ducat-key";
constexpr std::string_view kHeaders = "ducat-headers";
constexpr std::string_view kAttempts = "x-delivery-count";
constexpr std::string_view kDeathReason = "x-first-death-reason";
constexpr std::string_view kDeathQueue = "x-first-death-queue";
constexpr std::string_view kDeathExchange = "x-first-death-exchange";
constexpr uint8_t kPersistent = 2;

bool is_text(const amqp_field_value_t& value) {
  return value.kind == AMQP_FIELD_KIND_UTF8 || value.kind == AMQP_FIELD_KIND_BYTES;
}

uint64_t number(const amqp_field_value_t& value) {
  switch (value.kind) {
    case AMQP_FIELD_KIND_I64:
      return static_cast<uint64_t>(value.value.i64);
    case AMQP_FIELD_KIND_I32:
      return static_cast<uint64_t>(value.value.i32);
    case AMQP_FIELD_KIND_I16:
      return static_cast<uint64_t>(value.value.i16);
    case AMQP_FIELD_KIND_I8:
      return static_cast<uint64_t>(value.value.i8);
    default:
      return 0;
  }
}

// What RabbitMQ says of a message it has given up on, in the words of dead_letters.h.
void add_death(Message& message, const std::string& reason, const std::string& queue,
               const std::string& exchange) {
  if (reason.empty() || !header(message, kDeadReason).empty()) return;
  message.headers.emplace_back(kDeadReason, "RabbitMQ gave up on it in queue " + queue + ": " + reason);
  message.headers.emplace_back(kDeadStream, exchange);
  message.headers.emplace_back(kDeadType, message.type);
  message.headers.emplace_back(kDeadId, message.id);
}

}  // namespace

EncodedProperties::EncodedProperties(const Message& message) : headers_(encode_headers(message.headers)) {
  entries_.reserve(message.headers.size() + 2);
  entries_.push_back(entry(kKey, message.key));
  if (!headers_.empty()) entries_.push_back(entry(kHeaders, headers_));
  for (const auto& [name, value] : message.headers) entries_.push_back(entry(name, value));
  properties_._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                       AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG;
  properties_.content_type = bytes(kCloudEvent);
  properties_.delivery_mode = kPersistent;
  properties_.message_id = bytes(message.id);
  properties_.type = bytes(message.type);
  properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
}

Received decode(const amqp_envelope_t& envelope, const std::string& stream) {
  Received received;
  Message& message = received.message;
  const amqp_basic_properties_t& properties = envelope.message.properties;
  message.stream = stream;
  message.type = text(envelope.routing_key);
  message.body = text(envelope.message.body);
  if (properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) message.id = text(properties.message_id);
  if (!(properties._flags & AMQP_BASIC_HEADERS_FLAG)) return received;
  std::string reason, queue, exchange;
  Headers plain;
  bool ours = false;
  for (const amqp_table_entry_t& each :
       std::span(properties.headers.entries, static_cast<size_t>(properties.headers.num_entries))) {
    std::string name = text(each.key);
    std::string value = is_text(each.value) ? text(each.value.value.bytes) : "";
    if (name == kKey) {
      message.key = value;
    } else if (name == kHeaders) {
      message.headers = decode_headers(value);
      ours = true;
    } else if (name == kAttempts) {
      received.attempt = number(each.value) + 1;
    } else if (name == kDeathReason) {
      reason = value;
    } else if (name == kDeathQueue) {
      queue = value;
    } else if (name == kDeathExchange) {
      exchange = value;
    } else if (is_text(each.value) && !name.starts_with("x-")) {
      plain.emplace_back(name, value);
    }
  }
  if (!ours) message.headers = std::move(plain);
  add_death(message, reason, queue, exchange);
  return received;
}

}  // namespace ducat::broker::rabbitmq
