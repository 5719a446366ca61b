// Copies of answers by id, for instances that follow: in a Redis that they share, or in memory.
//
// A copy says at which record of which journal it was true, and is used only if the follower, having read the
// journal to its end after the question came, knows that nothing has touched its stream since. So a cache
// that is slow, empty, full of old things or of another database's costs time at most. The leader needs none:
// its memory is the newest there is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/engine/engine.h"
#include "platform/cache/cache.h"

namespace ducat::kernel {

// Thread-safe. The cache and the engine outlive it and its tasks.
class FollowerCache {
 public:
  // `cache` null: there is none. `name` is part of the keys: "wallet-0".
  FollowerCache(cache::Cache* cache, Engine& engine, std::string name)
      : cache_(cache), engine_(engine), name_(std::move(name)) {}

  // A value that is true now; nothing: ask the engine.
  Task<std::optional<std::string>> find(std::string_view id, Executor& home);
  // What a follower has answered: `value` of that stream, as of the record `seen`.
  void keep(std::string_view id, uint64_t stream, RecordNumber seen, std::string_view value);

 private:
  std::string key_of(std::string_view id) const;

  cache::Cache* const cache_;
  Engine& engine_;
  const std::string name_;
};

}  // namespace ducat::kernel
