// See routed.h.
#include "platform/broker/routed.h"

#include "platform/broker/limits.h"

namespace ducat::broker {
namespace {

// Waits for the answers of several brokers; all come on one executor, so there is nothing to lock. Shared by
// the calls it waits for.
struct Answers {
  size_t missing = 0;
  Status first;
  OnPublished done;

  void add(Status status) {
    if (!status && first) first = std::move(status);
    if (--missing == 0) done(std::move(first));
  }
};

}  // namespace

RoutedBroker::RoutedBroker(std::unique_ptr<Broker> main) {
  brokers_.push_back(std::move(main));
}

Broker& RoutedBroker::add(std::unique_ptr<Broker> broker) {
  return *brokers_.emplace_back(std::move(broker));
}

Broker& RoutedBroker::of(const std::string& stream) {
  auto found = routes_.find(stream);
  return found == routes_.end() ? main() : *found->second;
}

Status RoutedBroker::start() {
  for (; started_ < brokers_.size(); ++started_) {
    if (Status started = brokers_[started_]->start(); !started) {
      stop();
      return started;
    }
  }
  return {};
}

void RoutedBroker::stop() {
  while (started_ > 0) brokers_[--started_]->stop();
}

Status RoutedBroker::declare(const StreamSpec& stream) {
  return of(stream.name).declare(stream);
}

void RoutedBroker::publish(std::vector<Message> messages, Executor& executor, OnPublished done) {
  std::map<Broker*, std::vector<Message>> parts;
  // Nothing is sent anywhere if one message is refused.
  if (Status sound = check_messages(messages); sound) {
    for (Message& message : messages) parts[&of(message.stream)].push_back(std::move(message));
  }
  if (parts.size() < 2) {
    Broker& one = parts.empty() ? main() : *parts.begin()->first;
    one.publish(parts.empty() ? std::move(messages) : std::move(parts.begin()->second), executor,
                std::move(done));
    return;
  }
  auto answers = std::make_shared<Answers>();
  answers->missing = parts.size();
  answers->done = std::move(done);
  for (auto& [broker, part] : parts)
    broker->publish(std::move(part), executor, [answers](Status status) { answers->add(std::move(status)); });
}

Status RoutedBroker::feed(const std::string& stream, Source& source) {
  return of(stream).feed(stream, source);
}

Result<std::unique_ptr<Subscription>> RoutedBroker::subscribe(SubscriptionOptions options, Executor& executor,
                                                              OnDeliveries on_deliveries) {
  Broker& broker = of(options.stream);
  return broker.subscribe(std::move(options), executor, std::move(on_deliveries));
}

BrokerHealth RoutedBroker::health() const {
  BrokerHealth all;
  all.connected = true;
  for (const auto& broker : brokers_) {
    BrokerHealth one = broker->health();
    all.connected = all.connected && one.connected;
    all.detail += (all.detail.empty() ? "" : "; ") + one.detail;
    all.published += one.published;
    all.delivered += one.delivered;
    all.unpublished += one.unpublished;
  }
  return all;
}

}  // namespace ducat::broker
