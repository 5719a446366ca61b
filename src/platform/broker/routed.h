// Several brokers as one: a stream goes where the configuration says, all others to the main one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "platform/broker/broker.h"

namespace ducat::broker {

// Routes are added before the start; then as thread-safe as its brokers are.
class RoutedBroker final : public Broker {
 public:
  explicit RoutedBroker(std::unique_ptr<Broker> main);

  Broker& main() { return *brokers_.front(); }
  Broker& add(std::unique_ptr<Broker> broker);
  void route(const std::string& stream, Broker& broker) { routes_[stream] = &broker; }

  // All of them; those that had started are stopped when one does not.
  Status start() override;
  void stop() override;
  Status declare(const StreamSpec& stream) override;
  // Messages for several brokers are published to each, in their order; the answer is the first error, after
  // all have answered.
  void publish(std::vector<Message> messages, Executor& executor, OnPublished done) override;
  Status feed(const std::string& stream, Source& source) override;
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                  OnDeliveries on_deliveries) override;
  BrokerHealth health() const override;

 private:
  Broker& of(const std::string& stream);

  std::vector<std::unique_ptr<Broker>> brokers_;
  size_t started_ = 0;
  std::map<std::string, Broker*> routes_;
};

}  // namespace ducat::broker
