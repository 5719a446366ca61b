// A consumer that consumes while its service leads: an instance that follows would only take messages that it
// cannot handle. For EngineHost::while_leading.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "platform/broker/consumer.h"

namespace ducat::kernel {

// `begin` and `end` in turns, each from one thread at a time; `trouble` is thread-safe. Ended before the
// broker, the executor and what the handler needs.
class LedConsumer {
 public:
  explicit LedConsumer(Executor& executor) : executor_(executor) {}

  // `made` works on the executor.
  Status begin(std::unique_ptr<broker::Consumer> made);
  // Waits for the handlers that run; harmless if there is none.
  void end();
  // ConsumerStats::trouble, if it consumes.
  std::string trouble() const;

 private:
  Executor& executor_;
  mutable std::mutex mutex_;
  std::unique_ptr<broker::Consumer> consumer_;
};

}  // namespace ducat::kernel
