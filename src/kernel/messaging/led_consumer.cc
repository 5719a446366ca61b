// See led_consumer.h.
#include "kernel/messaging/led_consumer.h"

#include <future>

namespace ducat::kernel {

Status LedConsumer::begin(std::unique_ptr<broker::Consumer> made) {
  DUCAT_TRY(made->start());
  std::lock_guard lock(mutex_);
  consumer_ = std::move(made);
  return {};
}

void LedConsumer::end() {
  std::unique_ptr<broker::Consumer> ended;
  {
    std::lock_guard lock(mutex_);
    ended = std::move(consumer_);
  }
  if (!ended) return;
  std::promise<void> stopped;
  // A turn later, when nothing of the consumer's is left on the executor's stack.
  ended->stop([&] { executor_.post([&stopped] { stopped.set_value(); }); });
  stopped.get_future().wait();
}

std::string LedConsumer::trouble() const {
  std::lock_guard lock(mutex_);
  return consumer_ ? consumer_->stats().trouble : std::string();
}

}  // namespace ducat::kernel
