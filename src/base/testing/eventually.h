// Waiting, in a test, for something that nobody notifies about.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/time.h"

namespace ducat {

// Whether the condition has come true within the time.
template <typename Condition>
bool eventually(Condition condition, Duration patience = Duration::seconds(20)) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  auto give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(patience.micros);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    never.wait_for(lock, std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace ducat
