// Percentiles; see histogram.h.
#include "simulate/load/histogram.h"

#include <algorithm>

namespace ducat::load {

int64_t Histogram::percentile(uint32_t per_mille) const {
  if (count_ == 0) return 0;
  uint64_t wanted = std::max<uint64_t>(1, (count_ * per_mille + 999) / 1000);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return static_cast<int64_t>(std::min(end_of(bucket), max_));
  }
  return max();
}

uint64_t Histogram::end_of(size_t bucket) {
  if (bucket < (size_t{2} << kBits)) return bucket;
  unsigned shift = static_cast<unsigned>(bucket >> kBits) - 1;
  uint64_t mantissa = bucket - (size_t{shift} << kBits);
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace ducat::load
