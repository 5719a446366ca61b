// What every cache promises, in memory and in a real Redis; and what a Redis that is down may cost.
#include "platform/cache/cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "base/system.h"
#include "base/testing/eventually.h"
#include "platform/cache/memory_cache.h"
#include "platform/cache/redis_cache.h"
#include "platform/cache/testing/redis_server.h"

namespace ducat::cache {
namespace {

using testing::RedisServer;

constexpr Duration kLife = Duration::seconds(60);

std::optional<Entry> get(Cache& cache, const std::string& key, Executor& home) {
  std::promise<std::optional<Entry>> done;
  start(cache.get(key, home), [&done](std::optional<Entry> entry) { done.set_value(std::move(entry)); });
  return done.get_future().get();
}

bool redis_missing() {
  if (testing::redis_installed()) return false;
  const char* ci = std::getenv("CI");
  EXPECT_FALSE(ci != nullptr && std::string_view(ci) == "true") << "CI needs redis-server";
  return true;
}

class CacheContract : public ::testing::TestWithParam<CacheTarget::Type> {
 protected:
  void SetUp() override {
    CacheTarget target;
    target.type = GetParam();
    if (target.type == CacheTarget::Type::kRedis) {
      if (redis_missing()) GTEST_SKIP() << "skipped: redis-server is not installed";
      server_ = std::make_unique<RedisServer>();
      target.url = server_->url();
      target.timeout = Duration::seconds(5);  // this machine may be busy
    }
    auto opened = open(target, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    cache_ = std::move(*opened);
  }
  std::optional<Entry> get(const std::string& key) { return cache::get(*cache_, key, home_); }

  SystemClock clock_;
  ThreadExecutor home_{"home"};
  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<Cache> cache_;
};

TEST_P(CacheContract, GivesBackWhatWasPut) {
  EXPECT_EQ(get("a"), std::nullopt);
  Entry entry{7, std::string("value \0 with any byte \xff", 23)};
  cache_->put("a", entry, kLife);
  EXPECT_EQ(get("a"), entry);
  EXPECT_EQ(get("b"), std::nullopt);
  EXPECT_EQ(cache_->stats().hits, 1U);
  EXPECT_EQ(cache_->stats().misses, 2U);
  EXPECT_TRUE(cache_->stats().reachable);
}

TEST_P(CacheContract, NeverReplacesANewerValueByAnOlderOne) {
  cache_->put("a", {0x1'0000'0000, "newer"}, kLife);
  cache_->put("a", {0xffff'ffff, "older"}, kLife);
  EXPECT_EQ(get("a"), (Entry{0x1'0000'0000, "newer"}));
  cache_->put("a", {0x1'0000'0001, "newest"}, kLife);
  EXPECT_EQ(get("a"), (Entry{0x1'0000'0001, "newest"}));
}

TEST_P(CacheContract, ForgetsWhatIsTooOld) {
  cache_->put("a", {1, "short"}, Duration::millis(20));
  EXPECT_TRUE(eventually([&] { return get("a") == std::nullopt; }));
}

TEST_P(CacheContract, DoesNotKeepWhatIsTooLarge) {
  cache_->put("a", {1, std::string(kLargestValue + 1, 'x')}, kLife);
  cache_->put(std::string(kLongestKey + 1, 'k'), {1, "x"}, kLife);
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_EQ(get(std::string(kLongestKey + 1, 'k')), std::nullopt);
  cache_->put("b", {1, std::string(kLargestValue, 'x')}, kLife);
  EXPECT_EQ(get("b")->value.size(), kLargestValue);
}

INSTANTIATE_TEST_SUITE_P(Memory, CacheContract, ::testing::Values(CacheTarget::Type::kMemory));
INSTANTIATE_TEST_SUITE_P(Redis, CacheContract, ::testing::Values(CacheTarget::Type::kRedis));

TEST(MemoryCache, LetsTheLeastRecentlyUsedGo) {
  SystemClock clock;
  ThreadExecutor home("home");
  MemoryCache cache(1'000, clock);
  cache.put("a", {1, std::string(200, 'a')}, kLife);
  cache.put("b", {1, std::string(200, 'b')}, kLife);
  EXPECT_TRUE(get(cache, "a", home));
  cache.put("c", {1, std::string(200, 'c')}, kLife);
  EXPECT_FALSE(get(cache, "b", home));
  EXPECT_TRUE(get(cache, "a", home));
  EXPECT_TRUE(get(cache, "c", home));
}

class RedisDown : public ::testing::Test {
 protected:
  void SetUp() override {
    if (redis_missing()) GTEST_SKIP() << "skipped: redis-server is not installed";
  }
  // A clock that stands, so that the breaker opens again only when a test says so.
  class StandingClock final : public Clock {
   public:
    Timestamp now() override { return {at.load()}; }
    Timestamp monotonic() override { return {at.load()}; }
    std::atomic<int64_t> at{1};
  } clock_;
  ThreadExecutor home_{"home"};
};

TEST_F(RedisDown, CostsItsTimeoutOnceAndIsThenEmpty) {
  RedisServer server;
  RedisCache cache(*parse_redis_url(server.url()), Duration::millis(100), Duration::seconds(2), clock_);
  cache.put("a", {1, "x"}, kLife);
  ASSERT_TRUE(get(cache, "a", home_));
  server.hang();
  SystemClock system;
  Timestamp before = system.monotonic();
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(get(cache, "a", home_));
  EXPECT_LT((system.monotonic() - before).micros, Duration::seconds(2).micros)
      << "one timeout, not a thousand";
  EXPECT_FALSE(cache.stats().reachable);
  EXPECT_FALSE(cache.stats().trouble.empty());
  EXPECT_EQ(cache.stats().failures, 1'000U);

  server.go_on();
  EXPECT_FALSE(get(cache, "a", home_)) << "the breaker is still open";
  clock_.at += Duration::seconds(3).micros;
  EXPECT_TRUE(eventually([&] {
    clock_.at += Duration::seconds(3).micros;
    return get(cache, "a", home_).has_value();
  }));
  EXPECT_TRUE(cache.stats().reachable);
}

TEST_F(RedisDown, ComesBackAfterARestart) {
  RedisServer server;
  RedisCache cache(*parse_redis_url(server.url()), Duration::seconds(5), Duration::seconds(2), clock_);
  cache.put("a", {1, "x"}, kLife);
  ASSERT_TRUE(get(cache, "a", home_));
  server.kill();
  EXPECT_FALSE(get(cache, "a", home_));
  server.restart();
  EXPECT_TRUE(eventually([&] {
    clock_.at += Duration::seconds(3).micros;
    cache.put("a", {2, "y"}, kLife);
    return get(cache, "a", home_) == Entry{2, "y"};
  }));
}

TEST(RedisUrl, IsReadInFull) {
  auto address = parse_redis_url("redis://:secret@cache.local:6380/3");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "cache.local");
  EXPECT_EQ(address->port, 6380);
  EXPECT_EQ(address->password, "secret");
  EXPECT_EQ(address->database, 3);
  EXPECT_EQ(parse_redis_url("redis://localhost")->port, 6379);
  EXPECT_EQ(parse_redis_url("redis://[::1]:7000")->host, "::1");
  for (std::string_view wrong : {"", "localhost", "http://localhost", "redis://", "redis://h:0",
                                 "redis://h:x", "redis://h:70000", "redis://h/x"}) {
    EXPECT_FALSE(parse_redis_url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace ducat::cache
