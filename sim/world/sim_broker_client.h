// A process's connection to the simulated broker: production's port, and under it production's publisher of
// journals, which moves a source's position only after the broker's confirmation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/world/sim_broker.h"

namespace ducat::sim {

// Made anew for each life of a process; `disconnect` before it is destroyed. Its executors are named after
// the process. One thread.
class SimBrokerClient final : public broker::Broker {
 public:
  SimBrokerClient(World& world, SimBroker& broker, std::string process);
  ~SimBrokerClient() override;

  // To be found by tests: a batch counts as confirmed when it is sent, and is sent once.
  void confirm_when_sent() { confirms_when_sent_ = true; }
  // The process ends, in order or not: publishers save how far they have come if their disk lets them,
  // nothing reaches the process any more and nothing it does from now on reaches the broker.
  void disconnect();

  Status start() override { return {}; }
  void stop() override { disconnect(); }
  Status declare(const broker::StreamSpec&) override { return {}; }
  void publish(std::vector<broker::Message> messages, Executor& executor, broker::OnPublished done) override;
  Status feed(const std::string& stream, broker::Source& source) override;
  Result<std::unique_ptr<broker::Subscription>> subscribe(broker::SubscriptionOptions options,
                                                          Executor& executor,
                                                          broker::OnDeliveries on_deliveries) override;
  broker::BrokerHealth health() const override { return {.connected = broker_.is_up(), .detail = {}}; }
  // Of the feeds: read and not confirmed.
  size_t unpublished() const;

 private:
  struct Feed;

  World& world_;
  SimBroker& broker_;
  SimBroker::Session session_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  bool confirms_when_sent_ = false;
};

}  // namespace ducat::sim
