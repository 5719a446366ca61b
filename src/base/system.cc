// getrandom and clock_gettime; see system.h.
#include "base/system.h"

#include <sys/random.h>
#include <time.h>

#include "base/check.h"

namespace ducat {
namespace {

Timestamp read_clock(clockid_t id) {
  timespec ts{};
  DUCAT_CHECK(clock_gettime(id, &ts) == 0, "the machine has no clock");
  return {static_cast<int64_t>(ts.tv_sec) * 1'000'000 + ts.tv_nsec / 1000};
}

}  // namespace

Timestamp SystemClock::now() {
  return read_clock(CLOCK_REALTIME);
}
Timestamp SystemClock::monotonic() {
  return read_clock(CLOCK_MONOTONIC);
}

uint64_t SystemRandom::next() {
  constexpr size_t kWords = 64;
  thread_local uint64_t buffer[kWords];
  thread_local size_t used = kWords;
  if (used == kWords) {
    // Up to 256 bytes are never interrupted and never short (getrandom(2)), so two calls fill the buffer.
    for (size_t half = 0; half < 2; ++half) {
      DUCAT_CHECK(getrandom(buffer + half * (kWords / 2), sizeof(buffer) / 2, 0) == sizeof(buffer) / 2,
                  "no randomness");
    }
    used = 0;
  }
  return buffer[used++];
}

uint64_t IdRandom::next() {
  thread_local SeededRandom mine(SystemRandom().next());
  return mine.next();
}

}  // namespace ducat
