// The way of deliveries from an adapter's thread to the subscriber's executor, with the one thing that is
// easily got wrong: after a subscription is destroyed nothing is handed out, also not what was posted before.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "platform/broker/broker.h"

namespace ducat::broker {

// Made as a shared_ptr, because posted work outlives the subscription. Thread-safe. How much waits is the
// adapter's to limit: no more is in flight than the subscription allows.
class DeliveryOutlet : public std::enable_shared_from_this<DeliveryOutlet> {
 public:
  DeliveryOutlet(Executor& executor, OnDeliveries on_deliveries)
      : executor_(executor), on_deliveries_(std::move(on_deliveries)) {}

  // Never calls the subscriber itself.
  void post(Delivery delivery) {
    std::lock_guard lock(waiting_mutex_);
    waiting_.push_back(std::move(delivery));
    if (waiting_.size() == 1) executor_.post([self = shared_from_this()] { self->hand_out(); });
  }

  // Waits for a hand-out that is going on; none comes afterwards.
  void close() {
    std::lock_guard lock(mutex_);
    on_deliveries_ = nullptr;
  }

 private:
  void hand_out() {
    std::lock_guard lock(mutex_);
    std::vector<Delivery> deliveries;
    {
      std::lock_guard waiting_lock(waiting_mutex_);
      deliveries.swap(waiting_);
    }
    if (on_deliveries_) on_deliveries_(std::move(deliveries));
  }

  Executor& executor_;
  std::mutex mutex_;  // held while the subscriber is called; `close` waits for it
  OnDeliveries on_deliveries_;
  std::mutex waiting_mutex_;
  std::vector<Delivery> waiting_;  // posted and not handed out
};

}  // namespace ducat::broker
