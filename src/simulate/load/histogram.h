// Latencies of millions of requests in a few kilobytes: buckets whose width grows with the value, as in
// HdrHistogram, so every percentile is right to 1.6 % from a microsecond to hours.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ducat::load {

// Counts of microseconds. One thread.
class Histogram {
 public:
  // Negative values (a clock that is not monotonic) count as 0, values over 19 hours as 19 hours.
  void record(int64_t micros) {
    uint64_t value = micros < 0 ? 0 : static_cast<uint64_t>(micros);
    if (value > kLargest) value = kLargest;
    ++counts_[bucket_of(value)];
    ++count_;
    if (value > max_) max_ = value;
  }

  uint64_t count() const { return count_; }
  int64_t max() const { return static_cast<int64_t>(max_); }

  // The smallest recorded value that at least that share of all values does not exceed, rounded up to its
  // bucket's end; 0 when nothing was recorded. `per_mille` 500 is the median, 999 is p99.9.
  int64_t percentile(uint32_t per_mille) const;

 private:
  static constexpr unsigned kBits = 6;  // 64 buckets for each power of two
  static constexpr uint64_t kLargest = (uint64_t{1} << 36) - 1;
  static constexpr size_t kBuckets = (36 - kBits) * (size_t{1} << kBits) + (size_t{1} << kBits);

  static size_t bucket_of(uint64_t value) {
    if (value < (uint64_t{2} << kBits)) return value;
    unsigned shift = static_cast<unsigned>(std::bit_width(value)) - (kBits + 1);
    return (size_t{shift} << kBits) + (value >> shift);
  }
  static uint64_t end_of(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace ducat::load
