// The wall clock of a WalletLife: it jumps, as clocks do that somebody sets.
#include "sim/scenarios/wallet_life.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kJumpMinutes = 120;

}  // namespace

Timestamp WalletLife::wall() {
  Timestamp now = scheduler_.now();
  book_.latest = std::max(book_.latest, now);
  return now;
}

// Forwards by hours, which is beyond the life of keys if that is short; then nothing may be under way whose
// fate only its key could tell. Backwards by less than a quarter of the keys' life, which is what the service
// allows for.
Task<> WalletLife::move_the_clock(Executor& home) {
  co_await resume_on(home);
  Random& random = world_.random();
  const int64_t back_at_most = std::min<int64_t>(plan_.common.engine.key_life.micros / 5, 3'600'000'000LL);
  while (clients_ > 0 && !stopping_ && !over()) {
    Duration rest{static_cast<int64_t>(random.below(static_cast<uint64_t>(plan_.clock_jump_every.micros)))};
    co_await pause(scheduler_, home, rest);
    Timestamp now = wall();
    if (random.below(2) == 0) {
      auto lowest = book_.latest - Duration{back_at_most};
      if (lowest >= now) continue;
      scheduler_.shift_wall_clock(
          {-static_cast<int64_t>(random.below(static_cast<uint64_t>((now - lowest).micros)))});
    } else {
      co_await wait_for_quiet(home);
      scheduler_.shift_wall_clock(Duration::seconds(static_cast<int64_t>(random.below(kJumpMinutes * 60))));
      quiet_ = false;
    }
    world_.trace().add("clock", wall().micros);
  }
}

Task<> WalletLife::wait_for_quiet(Executor& home) {
  quiet_ = true;
  while (letters_ > 0 && !stopping_ && !over()) co_await pause(scheduler_, home, Duration::millis(1));
}

}  // namespace ducat::sim
