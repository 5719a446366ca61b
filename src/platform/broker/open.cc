// The one place that knows all adapters.
#include "platform/broker/open.h"

#include <algorithm>
#include <map>

#include "platform/broker/embedded/embedded.h"
#include "platform/broker/kafka/kafka.h"
#include "platform/broker/nats/nats.h"
#include "platform/broker/routed.h"

namespace ducat::broker {
namespace {

using config::Type;

constexpr config::Setting kSettings[] = {
    {.key = "broker.type",
     .type = Type::kString,
     .default_value = "embedded",
     .allowed = "embedded|nats|rabbitmq|kafka",
     .help = "what carries messages between services; embedded: this process alone"},
    {.key = "broker.url",
     .type = Type::kString,
     .default_value = "",
     .help = "nats://host:4222, amqp://user:password@host/vhost or kafka://host:9092,host:9092",
     .secret = true},
    {.key = "broker.streams",
     .type = Type::kString,
     .default_value = "",
     .help = "streams that go elsewhere: wallet_events=amqp://host; audit=kafka://host:9092",
     .secret = true},
    {.key = "broker.nats.unsynced",
     .type = Type::kDuration,
     .default_value = "3m",
     .min = "0",
     .max = "24h",
     .help = "how long NATS may keep what it has confirmed unsynced; 0 for servers that sync always"},
    {.key = "broker.nats.replicas",
     .type = Type::kInteger,
     .default_value = "1",
     .min = "1",
     .max = "5",
     .help = "copies of a stream in a NATS cluster"},
    {.key = "broker.rabbitmq.queues",
     .type = Type::kList,
     .default_value = "wallet_events/fraud_detection=fraud_detection",
     .help = "queues to make with their exchange, before anybody consumes: exchange/group=queue"},
};

struct Scheme {
  std::string_view prefix;
  BrokerTarget::Type type;
};
constexpr Scheme kSchemes[] = {
    {"nats://", BrokerTarget::Type::kNats},     {"tls://", BrokerTarget::Type::kNats},
    {"amqp://", BrokerTarget::Type::kRabbitmq}, {"amqps://", BrokerTarget::Type::kRabbitmq},
    {"kafka://", BrokerTarget::Type::kKafka},
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Result<BrokerTarget::Type> parse_type(std::string_view text) {
  if (text == "embedded") return BrokerTarget::Type::kEmbedded;
  if (text == "nats") return BrokerTarget::Type::kNats;
  if (text == "rabbitmq") return BrokerTarget::Type::kRabbitmq;
  if (text == "kafka") return BrokerTarget::Type::kKafka;
  return fail(Errc::kInvalid, "broker.type is embedded, nats, rabbitmq or kafka");
}

// "wallet_events=amqp://…; audit=kafka://…"
Status parse_streams(std::string_view text, BrokerConfig& config) {
  while (!trim(text).empty()) {
    size_t end = std::min(text.find(';'), text.size());
    std::string_view entry = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    size_t equals = entry.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return fail(Errc::kInvalid, "broker.streams is made of stream=url, separated by semicolons");
    std::string stream(trim(entry.substr(0, equals)));
    auto target = parse_broker_target(trim(entry.substr(equals + 1)));
    if (!target)
      return fail(Errc::kInvalid,
                  "broker.streams: " + config::quoted(stream) + ": " + target.error().message);
    bool twice = std::any_of(config.streams.begin(), config.streams.end(),
                             [&](const auto& known) { return known.first == stream; });
    if (twice) return fail(Errc::kInvalid, "broker.streams names " + config::quoted(stream) + " twice");
    config.streams.emplace_back(std::move(stream), std::move(*target));
  }
  return {};
}

// "wallet_events/fraud_detection=fraud_detection"
Status parse_queues(const std::vector<std::string>& texts, BrokerConfig& config) {
  for (const std::string& text : texts) {
    size_t slash = text.find('/');
    size_t equals = text.find('=');
    if (slash == std::string::npos || equals == std::string::npos || equals < slash)
      return fail(Errc::kInvalid, "broker.rabbitmq.queues is made of exchange/group=queue");
    RabbitOptions::Group group{
        text.substr(0, slash), text.substr(slash + 1, equals - slash - 1), text.substr(equals + 1), {}};
    if (group.stream.empty() || group.group.empty() || group.queue.empty())
      return fail(Errc::kInvalid, "broker.rabbitmq.queues is made of exchange/group=queue");
    config.rabbitmq.groups.push_back(std::move(group));
  }
  return {};
}

Result<std::unique_ptr<Broker>> make_one(const BrokerTarget& target, const BrokerConfig& config, Clock& clock,
                                         Timers& timers) {
  switch (target.type) {
    case BrokerTarget::Type::kEmbedded: {
      DUCAT_ASSIGN(auto database, storage::open_journal(config.embedded));
      return make_embedded(std::move(database), clock, timers);
    }
    case BrokerTarget::Type::kNats: {
      NatsOptions options = config.nats;
      if (!target.url.empty()) options.url = target.url;
      return make_nats_broker(std::move(options), clock);
    }
    case BrokerTarget::Type::kRabbitmq: {
      RabbitOptions options = config.rabbitmq;
      if (!target.url.empty()) options.url = target.url;
      return make_rabbit_broker(std::move(options), clock);
    }
    case BrokerTarget::Type::kKafka: {
      KafkaOptions options;
      if (!target.url.empty()) options.url = target.url;
      return make_kafka_broker(std::move(options));
    }
  }
  return fail(Errc::kInvalid, "there is no such broker");
}

}  // namespace

std::span<const config::Setting> broker_settings() {
  return kSettings;
}

Result<BrokerTarget> parse_broker_target(std::string_view text) {
  if (text == "embedded") return BrokerTarget{};
  for (const Scheme& scheme : kSchemes) {
    if (text.starts_with(scheme.prefix) && text.size() > scheme.prefix.size())
      return BrokerTarget{scheme.type, std::string(text)};
  }
  return fail(Errc::kInvalid, "a broker is nats://…, tls://…, amqp://…, amqps://…, kafka://… or embedded");
}

Result<BrokerConfig> read_broker_config(const config::Settings& settings, storage::StorageTarget embedded) {
  BrokerConfig config;
  config.embedded = std::move(embedded);
  config.embedded.durable = true;
  DUCAT_ASSIGN(config.main.type, parse_type(settings.text("broker.type")));
  config.main.url = settings.text("broker.url");
  if (config.main.type == BrokerTarget::Type::kEmbedded) {
    if (!config.main.url.empty())
      return fail(Errc::kInvalid, "broker.url is set, but broker.type is embedded, which has none");
  } else if (!config.main.url.empty()) {
    auto target = parse_broker_target(config.main.url);
    if (!target || target->type != config.main.type)
      return fail(Errc::kInvalid,
                  "broker.url is none of broker.type = \"" + settings.text("broker.type") + "\"");
  }
  DUCAT_TRY(parse_streams(settings.text("broker.streams"), config));
  config.nats.unsynced = settings.duration("broker.nats.unsynced");
  config.nats.replicas = static_cast<int>(settings.integer("broker.nats.replicas"));
  DUCAT_TRY(parse_queues(settings.list("broker.rabbitmq.queues"), config));
  return config;
}

Result<std::unique_ptr<Broker>> make_broker(const BrokerConfig& config, Clock& clock, Timers& timers) {
  DUCAT_ASSIGN(auto main, make_one(config.main, config, clock, timers));
  if (config.streams.empty()) return main;
  // One client for each place, however many streams go there.
  auto routed = std::make_unique<RoutedBroker>(std::move(main));
  std::map<BrokerTarget, Broker*> made{{config.main, &routed->main()}};
  for (const auto& [stream, target] : config.streams) {
    auto [known, first] = made.try_emplace(target, nullptr);
    if (first) {
      DUCAT_ASSIGN(auto one, make_one(target, config, clock, timers));
      known->second = &routed->add(std::move(one));
    }
    routed->route(stream, *known->second);
  }
  return routed;
}

}  // namespace ducat::broker
