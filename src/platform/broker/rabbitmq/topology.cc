// See topology.h.
#include "platform/broker/rabbitmq/topology.h"

#include <algorithm>

#include "platform/broker/dead_letters.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker::rabbitmq {

bool belongs_to_group(const std::string& stream) {
  return stream.ends_with(".dlq") || stream.ends_with(".retry");
}

std::string Topology::queue_name(const std::string& stream, const std::string& group) const {
  if (belongs_to_group(stream)) return stream;
  for (const auto& known : options_.groups) {
    if (known.stream == stream && known.group == group) return known.queue;
  }
  return group + "." + stream;
}

StreamSpec Topology::spec_of(const std::string& stream) const {
  std::lock_guard lock(mutex_);
  auto found = specs_.find(stream);
  if (found != specs_.end()) return found->second;
  StreamSpec spec;
  spec.name = stream;
  return spec;
}

Status Topology::declare(Connection& connection, const StreamSpec& spec) {
  DUCAT_TRY(make_exchange(connection, spec.name));
  {
    std::lock_guard lock(mutex_);
    specs_[spec.name] = spec;
  }
  if (belongs_to_group(spec.name)) return make_group(connection, spec, {}, spec.name, {});
  for (const auto& known : options_.groups) {
    if (known.stream == spec.name)
      DUCAT_TRY(make_group(connection, spec, known.group, known.queue, known.types));
  }
  return {};
}

Result<std::string> Topology::declare_queue(Connection& connection, const SubscriptionOptions& subscription) {
  DUCAT_TRY(check_exchange(connection, subscription.stream));
  std::string queue = queue_name(subscription.stream, subscription.group);
  std::string group = belongs_to_group(subscription.stream) ? "" : subscription.group;
  DUCAT_TRY(make_group(connection, spec_of(subscription.stream), group, queue,
                       group.empty() ? std::vector<std::string>() : subscription.types));
  return queue;
}

// `group` is empty for the one queue of a stream that belongs to a group.
Status Topology::make_group(Connection& connection, const StreamSpec& spec, const std::string& group,
                            const std::string& queue, const std::vector<std::string>& types) {
  std::string dead_letters;
  if (!group.empty()) {
    StreamSpec dead = dead_stream(group);
    dead_letters = dead.name;
    DUCAT_TRY(declare(connection, dead));
  }
  DUCAT_TRY(make_queue(connection, {queue, dead_letters, spec.retention, spec.max_bytes}));
  return bind(connection, queue, spec.name, types);
}

Status Topology::make_exchange(Connection& connection, const std::string& name) {
  amqp_exchange_declare(connection.state(), kChannel, bytes(name), bytes("topic"), 0, 1, 0, 0,
                        amqp_empty_table);
  return connection.reply("making exchange " + name);
}

Status Topology::check_exchange(Connection& connection, const std::string& stream) {
  amqp_exchange_declare(connection.state(), kChannel, bytes(stream), bytes("topic"), 1, 1, 0, 0,
                        amqp_empty_table);
  return connection.reply("looking for exchange " + stream);
}

Status Topology::make_queue(Connection& connection, const Queue& queue) {
  std::vector<amqp_table_entry_t> arguments = {entry("x-queue-type", "quorum"),
                                               entry("x-overflow", "drop-head"),
                                               entry("x-message-ttl", queue.retention.micros / 1000)};
  if (queue.max_bytes > 0) arguments.push_back(entry("x-max-length-bytes", queue.max_bytes));
  if (!queue.dead_letters.empty()) {
    arguments.push_back(entry("x-dead-letter-exchange", queue.dead_letters));
    arguments.push_back(entry("x-delivery-limit", int64_t{options_.delivery_limit}));
  }
  amqp_table_t table{static_cast<int>(arguments.size()), arguments.data()};
  amqp_queue_declare(connection.state(), kChannel, bytes(queue.name), 0, 1, 0, 0, table);
  Status made = connection.reply("making queue " + queue.name);
  if (made || made.error().code != Errc::kConflict) return made;
  // A queue's limits cannot be changed; one that is there keeps its own.
  log::debug("broker.queue_kept", {{"queue", queue.name}, {"reason", made.error().message}});
  amqp_queue_declare(connection.state(), kChannel, bytes(queue.name), 1, 1, 0, 0, amqp_empty_table);
  return connection.reply("looking for queue " + queue.name);
}

Status Topology::bind(Connection& connection, const std::string& queue, const std::string& exchange,
                      const std::vector<std::string>& types) {
  std::vector<std::string> keys = types;
  if (keys.empty()) keys.emplace_back("#");
  for (const std::string& key : keys) {
    amqp_queue_bind(connection.state(), kChannel, bytes(queue), bytes(exchange), bytes(key),
                    amqp_empty_table);
    DUCAT_TRY(connection.reply("binding queue " + queue));
  }
  return {};
}

}  // namespace ducat::broker::rabbitmq
