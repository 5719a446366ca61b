// The cache in a Redis that several processes share. Calls run on a thread of its own, over one connection
// that is made when it is needed.
#pragma once

#include <atomic>
#include <mutex>

#include "platform/cache/cache.h"

struct redisContext;

namespace ducat::cache {

// Where a Redis is.
struct RedisAddress {
  std::string host = "127.0.0.1";
  int port = 6379;
  std::string password;
  int database = 0;
};
// redis://[:password@]host[:port][/database]; kInvalid says what is wrong.
Result<RedisAddress> parse_redis_url(std::string_view url);

class RedisCache final : public Cache {
 public:
  // The clock outlives it.
  RedisCache(RedisAddress address, Duration timeout, Duration breaker, Clock& clock);
  ~RedisCache() override;

  Task<std::optional<Entry>> get(std::string_view key, Executor& home) override;
  // Drops what cannot be sent: more than a bounded number waiting, or Redis down.
  void put(std::string key, Entry entry, Duration life) override;
  CacheStats stats() const override;

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };

  // On the thread.
  std::optional<Entry> ask(std::string_view key);
  void send(const std::string& key, const Entry& entry, Duration life);
  bool connect();
  void failed(std::string why);
  void works();
  bool breaker_open() const;

  const RedisAddress address_;
  const Duration timeout_;
  const Duration breaker_;
  Clock& clock_;
  std::unique_ptr<redisContext, Close> context_;
  std::atomic<int64_t> closed_until_{0};  // monotonic: before it nobody asks
  std::atomic<uint64_t> waiting_puts_{0};
  std::atomic<uint64_t> hits_{0}, misses_{0}, failures_{0};
  mutable std::mutex mutex_;
  std::string trouble_;
  ThreadExecutor thread_{"redis"};  // last: ends before what it works on
};

}  // namespace ducat::cache
