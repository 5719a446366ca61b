// Opens the cache that the configuration names.
#include "platform/cache/memory_cache.h"
#include "platform/cache/redis_cache.h"

namespace ducat::cache {

Result<std::unique_ptr<Cache>> open(const CacheTarget& target, Clock& clock) {
  if (target.type == CacheTarget::Type::kMemory)
    return std::make_unique<MemoryCache>(target.memory_bytes, clock);
  DUCAT_ASSIGN(RedisAddress address, parse_redis_url(target.url));
  return std::make_unique<RedisCache>(std::move(address), target.timeout, target.breaker, clock);
}

}  // namespace ducat::cache
