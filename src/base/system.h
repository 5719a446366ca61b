// The one place that asks the operating system for time and randomness.
#pragma once

#include "base/random.h"
#include "base/time.h"

namespace ducat {

// Wall and monotonic clock of the machine. Thread-safe.
class SystemClock final : public Clock {
 public:
  Timestamp now() override;
  Timestamp monotonic() override;
};

// getrandom(2), buffered per thread. Thread-safe; fit for secrets.
class SystemRandom final : public Random {
 public:
  uint64_t next() override;
};

// For the ids that every request gets: unique, and not secret. SplitMix64 per thread, seeded by getrandom(2).
// Thread-safe.
class IdRandom final : public Random {
 public:
  uint64_t next() override;
};

}  // namespace ducat
