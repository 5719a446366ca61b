// Pauses between attempts that grow until it works.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace ducat::broker {

// The first pause, then twice as long each time, up to the longest. One thread.
class Backoff {
 public:
  Backoff(Duration first, Duration longest) : first_(first), longest_(longest), next_(first) {}
  Duration next() {
    Duration pause = next_;
    next_ = std::min(longest_, Duration{next_.micros * 2});
    return pause;
  }
  void reset() { next_ = first_; }

 private:
  Duration first_;
  Duration longest_;
  Duration next_;
};

}  // namespace ducat::broker
