// How guessing at an account is slowed down and stopped: from the third failure on the next attempt has to
// wait (1 s, then 2 s); five failures within 15 minutes lock it for 15 minutes. An attempt that comes too
// early is refused without being looked at, and counts as nothing.
#pragma once

#include <vector>

#include "base/time.h"

namespace ducat::identity {

constexpr size_t kFailuresToLock = 5;
constexpr Duration kFailureWindow = Duration::seconds(15 * 60);
constexpr Duration kLockTime = Duration::seconds(15 * 60);

struct Attempts {
  std::vector<Timestamp> failures;  // within the window, oldest first; fewer than kFailuresToLock
  Timestamp locked_until;
  bool operator==(const Attempts&) const = default;
};

struct Gate {
  enum class State : unsigned char { kOpen, kTooEarly, kLocked };
  State state = State::kOpen;
  Duration wait;  // until it opens
};

// Whether an attempt is looked at now.
Gate gate_of(const Attempts& attempts, Timestamp now);

// One more failure.
void add_failure(Attempts& attempts, Timestamp now);

}  // namespace ducat::identity
