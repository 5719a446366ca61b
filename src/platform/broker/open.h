// Opens the broker that the configuration names, or several, if streams go different ways.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "platform/broker/broker.h"
#include "platform/broker/nats/nats.h"
#include "platform/broker/rabbitmq/rabbitmq.h"
#include "platform/config/settings.h"
#include "platform/storage/open.h"

namespace ducat::broker {

// One broker: an adapter and where its server is.
struct BrokerTarget {
  enum class Type { kEmbedded, kNats, kRabbitmq, kKafka };
  Type type = Type::kEmbedded;
  std::string url;  // empty for in-process delivery, and for the adapter's default
  auto operator<=>(const BrokerTarget&) const = default;
};

struct BrokerConfig {
  BrokerTarget main;
  // Streams that go elsewhere. The groups' own streams (dead letters, retries) stay with `main`.
  std::vector<std::pair<std::string, BrokerTarget>> streams;
  storage::StorageTarget embedded;  // the in-process broker's database; durable
  NatsOptions nats;                 // but for the url
  RabbitOptions rabbitmq;           // but for the url
};

// broker.type, broker.url, broker.streams, and those of the adapters. They outlive every schema.
std::span<const config::Setting> broker_settings();
// kInvalid names the setting and what is wrong with it, and shows no password.
Result<BrokerConfig> read_broker_config(const config::Settings& settings, storage::StorageTarget embedded);
// "nats://…", "amqp://…", "kafka://…" or "embedded", as broker.streams names them.
Result<BrokerTarget> parse_broker_target(std::string_view text);

// Clock and timers outlive the broker. Not started. Errors: a database that cannot be opened.
Result<std::unique_ptr<Broker>> make_broker(const BrokerConfig& config, Clock& clock, Timers& timers);

}  // namespace ducat::broker
