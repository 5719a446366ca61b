// The process's broker as the first of its modules: started before whoever publishes or consumes, and stopped
// after them.
#pragma once

#include <memory>

#include "platform/broker/broker.h"
#include "platform/broker/embedded/redrive_desk.h"
#include "platform/runtime/module.h"

namespace ducat::app {

// The broker outlives it. `desk` (null: none) takes an operator's orders while the broker runs.
class BrokerModule final : public Module {
 public:
  BrokerModule(broker::Broker& broker, std::unique_ptr<broker::RedriveDesk> desk)
      : broker_(broker), desk_(std::move(desk)) {}

  std::string name() const override { return "broker"; }
  Status start() override {
    DUCAT_TRY(broker_.start());
    return desk_ ? desk_->start() : Status();
  }
  void stop() override {
    if (desk_) desk_->stop();
    broker_.stop();
  }
  // A broker that is away stops nothing but deliveries: what is published waits in the journals.
  Health health() const override {
    broker::BrokerHealth health = broker_.health();
    return {.ready = true, .detail = health.connected ? std::string() : health.detail, .progress = {}};
  }

 private:
  broker::Broker& broker_;
  const std::unique_ptr<broker::RedriveDesk> desk_;
};

}  // namespace ducat::app
