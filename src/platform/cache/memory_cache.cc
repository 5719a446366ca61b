// See memory_cache.h.
#include "platform/cache/memory_cache.h"

namespace ducat::cache {

Task<std::optional<Entry>> MemoryCache::get(std::string_view key, Executor&) {
  co_return find(key);  // nothing to wait for: goes on where it is
}

std::optional<Entry> MemoryCache::find(std::string_view key) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  if (found != entries_.end() && found->second->until <= clock_.monotonic()) {
    remove(found->second);
    found = entries_.end();
  }
  if (found == entries_.end()) {
    ++stats_.misses;
    return std::nullopt;
  }
  ++stats_.hits;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->entry;
}

void MemoryCache::put(std::string key, Entry entry, Duration life) {
  if (key.size() > kLongestKey || entry.value.size() > kLargestValue) return;
  Timestamp now = clock_.monotonic();
  std::lock_guard lock(mutex_);
  if (auto found = entries_.find(key); found != entries_.end()) {
    if (found->second->until > now && found->second->entry.version > entry.version) return;
    remove(found->second);
  }
  order_.push_front({std::move(key), std::move(entry), now + life});
  entries_.emplace(order_.front().key, order_.begin());
  bytes_ += cost(order_.front());
  while (bytes_ > most_bytes_) remove(std::prev(order_.end()));
}

void MemoryCache::remove(Order::iterator at) {
  bytes_ -= cost(*at);
  entries_.erase(std::string_view(at->key));
  order_.erase(at);
}

CacheStats MemoryCache::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace ducat::cache
