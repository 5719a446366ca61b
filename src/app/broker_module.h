// The process's broker as the first of its modules: started before whoever publishes or consumes, and stopped
// after them.
#pragma once

#include "platform/broker/broker.h"
#include "platform/runtime/module.h"

namespace ducat::app {

// The broker outlives it.
class BrokerModule final : public Module {
 public:
  explicit BrokerModule(broker::Broker& broker) : broker_(broker) {}

  std::string name() const override { return "broker"; }
  Status start() override { return broker_.start(); }
  void stop() override { broker_.stop(); }
  // A broker that is away stops nothing but deliveries: what is published waits in the journals.
  Health health() const override {
    broker::BrokerHealth health = broker_.health();
    return {.ready = true, .detail = health.connected ? std::string() : health.detail, .progress = {}};
  }

 private:
  broker::Broker& broker_;
};

}  // namespace ducat::app
