// The cache of one process: entries in memory, the least recently used go first.
#pragma once

#include <list>
#include <mutex>
#include <unordered_map>

#include "base/hash.h"
#include "platform/cache/cache.h"

namespace ducat::cache {

class MemoryCache final : public Cache {
 public:
  // The clock outlives it. Bytes count keys, values and about what keeping them costs.
  MemoryCache(size_t most_bytes, Clock& clock) : most_bytes_(most_bytes), clock_(clock) {}

  Task<std::optional<Entry>> get(std::string_view key, Executor& home) override;
  void put(std::string key, Entry entry, Duration life) override;
  CacheStats stats() const override;

 private:
  struct Kept {
    std::string key;
    Entry entry;
    Timestamp until;  // monotonic
  };
  using Order = std::list<Kept>;

  std::optional<Entry> find(std::string_view key);
  void remove(Order::iterator at);
  static size_t cost(const Kept& kept) { return kept.key.size() + kept.entry.value.size() + 160; }

  const size_t most_bytes_;
  Clock& clock_;
  mutable std::mutex mutex_;
  Order order_;  // the most recently used first
  // Keys view the text in `order_`, whose nodes do not move.
  std::unordered_map<std::string_view, Order::iterator, TextHash, std::equal_to<>> entries_;
  size_t bytes_ = 0;
  CacheStats stats_;
};

}  // namespace ducat::cache
