// How often a caller may do something: "100 a minute" lets exactly 100 through in any minute and refuses the
// 101st. In memory, one process; a cluster's limits are divided by its operator.
//
// Algorithm: the sliding log, with its timestamps grouped. An exact log keeps one time for each request; here
// requests that come within an eighth of the window share a group that is as old as its newest member. So the
// limit is never exceeded in any window, memory is constant, and a caller who was refused waits at most an
// eighth of a window longer than with the exact log (and not at all longer after a burst). Why not GCRA or a
// fixed window: GCRA with a burst of 100 lets 200 through in its first minute, a fixed window lets 200
// through around its edge.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace ducat::security {

// `count` requests in any `window`; a count of 0 is no limit.
struct Limit {
  uint32_t count = 0;
  Duration window = Duration::seconds(60);
};

// What the headers need: X-RateLimit-Limit, -Remaining, -Reset and Retry-After. Seconds are rounded up.
struct Decision {
  bool allowed = true;
  uint32_t limit = 0;                // 0: there is none
  uint32_t remaining = 0;            // after this request
  uint32_t reset_seconds = 0;        // until all of the limit is there again
  uint32_t retry_after_seconds = 0;  // 0 when allowed, else at least 1
};

// Thread-safe: callers meet only at the mutex of their key's shard. Cannot fail.
// At most `max_entries` keys are remembered. Those whose window has passed are dropped as others come; when
// all are live, the one unused for longest is forgotten, so a flood of new keys cannot exhaust memory and
// those who call often stay limited.
class RateLimiter {
 public:
  explicit RateLimiter(size_t max_entries = 100'000);
  ~RateLimiter();

  // Counts one request of `key_hash` in the class `cls` (a route, a rule) if the limit allows it; a refused
  // request costs nothing. `now` is best taken from Clock::monotonic; a time that goes back counts as
  // standing still. The hash should be seeded by the process, so that a caller cannot choose whom he shares a
  // key with.
  Decision check(std::string_view cls, uint64_t key_hash, Limit limit, Timestamp now);

  // Keys remembered now, and live ones forgotten because there were too many: for metrics.
  size_t entries() const;
  uint64_t evicted() const;

 private:
  struct Shard;
  static constexpr size_t kShards = 64;

  size_t max_per_shard_;
  std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace ducat::security
