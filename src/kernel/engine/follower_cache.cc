// See follower_cache.h. A copy: version = record; value = checksum:fixed64 stream:varint value:text.
#include "kernel/engine/follower_cache.h"

#include "base/bytes.h"

namespace ducat::kernel {
namespace {

constexpr Duration kLife = Duration::seconds(600);

}  // namespace

std::string FollowerCache::key_of(std::string_view id) const {
  std::string key = "ducat/" + name_ + "/";
  key.append(id);
  return key;
}

Task<std::optional<std::string>> FollowerCache::find(std::string_view id, Executor& home) {
  if (cache_ == nullptr || engine_.leads()) co_return std::nullopt;
  const std::string key = key_of(id);
  std::optional<cache::Entry> copy = co_await cache_->get(key, home);
  if (!copy) co_return std::nullopt;
  ByteReader reader(copy->value);
  const uint64_t checksum = reader.fixed64();
  const uint64_t stream = reader.varint();
  const std::string_view value = reader.text();
  if (!reader.complete()) co_return std::nullopt;
  const RecordNumber now = co_await engine_.latest(home);
  if (now == 0 || !engine_.touched().untouched_since(stream, copy->version, checksum, now))
    co_return std::nullopt;
  co_return std::string(value);
}

void FollowerCache::keep(std::string_view id, uint64_t stream, RecordNumber seen, std::string_view value) {
  if (cache_ == nullptr || engine_.leads()) return;
  std::optional<uint64_t> checksum = engine_.touched().checksum(seen);
  if (!checksum) return;
  cache::Entry copy;
  copy.version = seen;
  ByteWriter writer(copy.value);
  writer.fixed64(*checksum);
  writer.varint(stream);
  writer.text(value);
  cache_->put(key_of(id), std::move(copy), kLife);
}

}  // namespace ducat::kernel
