// A cache that several processes may share: copies of values whose truth is elsewhere.
//
// Each value has a version (a position in its journal), and a newer one is never replaced by an older one, in
// whatever order writers come. A cache that is down, slow or wrong in its answers costs time, and is then
// nothing but empty: whoever reads falls back to the truth.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "platform/runtime/executor.h"
#include "platform/runtime/task.h"

namespace ducat::cache {

struct Entry {
  uint64_t version = 0;
  std::string value;
  bool operator==(const Entry&) const = default;
};

// Keys are at most kLongestKey bytes; a longer key or a larger value is not cached.
constexpr size_t kLongestKey = 512;
constexpr size_t kLargestValue = size_t{64} << 10;

struct CacheStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t failures = 0;  // calls that met a cache that is down, and those its breaker answered for it
  bool reachable = true;
  std::string trouble;  // why not; empty if reachable
};

// Thread-safe. Views must live until the task has ended; tasks must have ended before it is destroyed.
class Cache {
 public:
  virtual ~Cache() = default;
  // Nothing: not there, or the cache cannot be asked. Resumes on `home`.
  virtual Task<std::optional<Entry>> get(std::string_view key, Executor& home) = 0;
  // Keeps the newer of what is there and this, for at most `life`. Cannot fail from the caller's view.
  virtual void put(std::string key, Entry entry, Duration life) = 0;
  virtual CacheStats stats() const = 0;
};

struct CacheTarget {
  enum class Type { kMemory, kRedis };
  Type type = Type::kMemory;
  size_t memory_bytes = size_t{64} << 20;  // kMemory
  std::string url;                         // kRedis: redis://[:password@]host[:port][/database]
  // A call that takes longer has failed, and for `breaker` nobody asks again.
  Duration timeout = Duration::millis(100);
  Duration breaker = Duration::seconds(2);
};

// kInvalid for a url that cannot be read. A Redis that is down is no error: it is a cache that is empty.
Result<std::unique_ptr<Cache>> open(const CacheTarget& target, Clock& clock);

}  // namespace ducat::cache
