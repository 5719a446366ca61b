// Randomness as an interface, so that a run of the simulator follows from its seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/int128.h"

namespace ducat {

// A source of random bits. Implementations say whether they may be shared between threads.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
  // Uniform in [0, bound); bound > 0. Lemire's multiply-shift, biased by less than bound / 2^64.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<Uint128>(next()) * bound) >> 64);
  }
};

// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers everywhere. One thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace ducat
