// See attempts.h.
#include "services/identity/domain/attempts.h"

#include <algorithm>

namespace ducat::identity {
namespace {

// After so many failures within the window.
Duration pause_after(size_t failures) {
  if (failures < 3) return {};
  return Duration::seconds(failures == 3 ? 1 : 2);
}

}  // namespace

Gate gate_of(const Attempts& attempts, Timestamp now) {
  if (now < attempts.locked_until) return {Gate::State::kLocked, attempts.locked_until - now};
  auto recent = std::count_if(attempts.failures.begin(), attempts.failures.end(),
                              [&](Timestamp at) { return now - at < kFailureWindow; });
  if (recent == 0) return {};
  Timestamp open_at = attempts.failures.back() + pause_after(static_cast<size_t>(recent));
  if (now < open_at) return {Gate::State::kTooEarly, open_at - now};
  return {};
}

void add_failure(Attempts& attempts, Timestamp now) {
  std::erase_if(attempts.failures, [&](Timestamp at) { return now - at >= kFailureWindow; });
  attempts.failures.push_back(now);
  if (attempts.failures.size() < kFailuresToLock) return;
  attempts.failures.clear();
  attempts.locked_until = now + kLockTime;
}

}  // namespace ducat::identity
