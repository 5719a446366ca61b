// One list in order of use and one map for each shard; see rate_limit.h for the algorithm.
#include "platform/security/rate_limit.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace ducat::security {
namespace {

// A group takes requests for an eighth of the window and lives one window longer than its newest request.
constexpr int kGroupsPerWindow = 8;
// Groups begin at least an eighth apart and are gone 9/8 of a window after their beginning.
constexpr size_t kMaxGroups = kGroupsPerWindow + 2;
// Idle entries looked at for each request: two out for one in, so the sweep keeps up.
constexpr int kSweepPerCheck = 2;

struct Group {
  Timestamp first;
  Timestamp last;
  uint32_t count = 0;
};

struct Entry {
  uint64_t key = 0;
  Duration window;
  std::array<Group, kMaxGroups> groups;  // oldest first
  size_t size = 0;

  Timestamp expires() const { return size == 0 ? Timestamp{} : groups[size - 1].last + window; }
};

uint32_t ceil_seconds(Duration duration) {
  return duration.micros <= 0 ? 0 : static_cast<uint32_t>((duration.micros + 999'999) / 1'000'000);
}

void drop_expired(Entry& entry, Timestamp now) {
  size_t gone = 0;
  while (gone < entry.size && entry.groups[gone].last + entry.window <= now) ++gone;
  std::move(entry.groups.begin() + gone, entry.groups.begin() + entry.size, entry.groups.begin());
  entry.size -= gone;
}

void count_one(Entry& entry, Timestamp now) {
  Duration group_span{entry.window.micros / kGroupsPerWindow};
  if (entry.size == 0 || entry.groups[entry.size - 1].first + group_span <= now) {
    DUCAT_CHECK(entry.size < kMaxGroups, "groups begin too close together");
    entry.groups[entry.size++] = {now, now, 0};
  }
  entry.groups[entry.size - 1].last = now;
  ++entry.groups[entry.size - 1].count;
}

Decision decide(Entry& entry, Limit limit, Timestamp now) {
  if (entry.window != limit.window) entry.size = 0;  // the configuration changed: begin anew
  entry.window = limit.window;
  if (entry.size != 0) now = std::max(now, entry.groups[entry.size - 1].last);
  drop_expired(entry, now);
  uint64_t used = 0;
  for (size_t i = 0; i < entry.size; ++i) used += entry.groups[i].count;

  Decision decision{.limit = limit.count};
  decision.allowed = used < limit.count;
  if (decision.allowed) {
    count_one(entry, now);
    decision.remaining = static_cast<uint32_t>(limit.count - used - 1);
  } else {
    decision.retry_after_seconds = std::max(1U, ceil_seconds(entry.groups[0].last + entry.window - now));
  }
  decision.reset_seconds = ceil_seconds(entry.expires() - now);
  return decision;
}

}  // namespace

// Its members are in order of use, newest first. A cache line of its own keeps shards from slowing each
// other.
struct alignas(64) RateLimiter::Shard {
  mutable std::mutex mutex;
  std::list<Entry> entries;
  std::unordered_map<uint64_t, std::list<Entry>::iterator> index;
  uint64_t evicted = 0;

  void drop_oldest() {
    index.erase(entries.back().key);
    entries.pop_back();
  }

  Entry& find_or_make(uint64_t key, Timestamp now, size_t max_entries) {
    for (int i = 0; i < kSweepPerCheck && !entries.empty() && entries.back().expires() <= now; ++i)
      drop_oldest();
    if (auto found = index.find(key); found != index.end()) {
      entries.splice(entries.begin(), entries, found->second);
      return entries.front();
    }
    if (entries.size() >= max_entries) {
      drop_oldest();
      ++evicted;
    }
    entries.emplace_front().key = key;
    index.emplace(key, entries.begin());
    return entries.front();
  }
};

RateLimiter::RateLimiter(size_t max_entries)
    : max_per_shard_(std::max<size_t>(1, max_entries / kShards)),
      shards_(std::make_unique<std::array<Shard, kShards>>()) {}

RateLimiter::~RateLimiter() = default;

Decision RateLimiter::check(std::string_view cls, uint64_t key_hash, Limit limit, Timestamp now) {
  if (limit.count == 0) return {};
  DUCAT_CHECK(limit.window.micros >= kGroupsPerWindow, "a rate limit needs a window");
  uint64_t key = hash64(cls, key_hash);
  Shard& shard = (*shards_)[key % kShards];
  std::lock_guard lock(shard.mutex);
  return decide(shard.find_or_make(key, now, max_per_shard_), limit, now);
}

size_t RateLimiter::entries() const {
  size_t sum = 0;
  for (const Shard& shard : *shards_) {
    std::lock_guard lock(shard.mutex);
    sum += shard.entries.size();
  }
  return sum;
}

uint64_t RateLimiter::evicted() const {
  uint64_t sum = 0;
  for (const Shard& shard : *shards_) {
    std::lock_guard lock(shard.mutex);
    sum += shard.evicted;
  }
  return sum;
}

}  // namespace ducat::security
