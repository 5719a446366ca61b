// What a caller of a limited route can rely on, on a clock of the test's own.
#include "platform/security/rate_limit.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "base/random.h"

namespace ducat::security {
namespace {

constexpr Limit kHundredAMinute{100, Duration::seconds(60)};
constexpr Timestamp kStart{1'000'000'000};

Timestamp at_millis(int64_t millis) {
  return kStart + Duration::millis(millis);
}

TEST(RateLimiter, AllowsExactlyTheLimitInABurstAndRefusesTheNextWithinTheWindow) {
  RateLimiter limiter;
  for (uint32_t i = 0; i < 100; ++i) {
    Decision decision = limiter.check("deposit", 7, kHundredAMinute, at_millis(i));
    ASSERT_TRUE(decision.allowed) << i;
    EXPECT_EQ(decision.remaining, 99 - i);
    EXPECT_EQ(decision.limit, 100U);
    EXPECT_EQ(decision.retry_after_seconds, 0U);
  }
  for (int64_t millis : {100, 1'000, 30'000, 59'999}) {
    EXPECT_FALSE(limiter.check("deposit", 7, kHundredAMinute, at_millis(millis)).allowed) << millis;
  }
  EXPECT_TRUE(limiter.check("deposit", 7, kHundredAMinute, at_millis(60'099)).allowed);
}

TEST(RateLimiter, SaysWhenToComeBackAndThenLetsTheCallerIn) {
  RateLimiter limiter;
  for (int i = 0; i < 100; ++i) (void)limiter.check("deposit", 7, kHundredAMinute, kStart);
  Decision refused = limiter.check("deposit", 7, kHundredAMinute, at_millis(20'500));
  ASSERT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.retry_after_seconds, 40U);
  EXPECT_EQ(refused.reset_seconds, 40U);
  EXPECT_TRUE(limiter.check("deposit", 7, kHundredAMinute, at_millis(60'500)).allowed);
}

TEST(RateLimiter, RetryAfterIsNeverZeroWhenRefused) {
  RateLimiter limiter;
  Limit one{1, Duration::millis(10)};
  EXPECT_TRUE(limiter.check("x", 1, one, kStart).allowed);
  EXPECT_EQ(limiter.check("x", 1, one, at_millis(9)).retry_after_seconds, 1U);
}

TEST(RateLimiter, NeverExceedsTheLimitInAnyWindowAndKeepsNobodyOutAnEighthLongerThanTheExactLog) {
  RateLimiter limiter;
  SeededRandom random(42);
  std::deque<Timestamp> log;  // the exact sliding log, as the oracle
  Timestamp now = kStart;
  Limit limit{20, Duration::seconds(60)};
  int allowed = 0;
  for (int i = 0; i < 20'000; ++i) {
    now = now + Duration::millis(static_cast<int64_t>(random.below(random.below(10) == 0 ? 20'000 : 2'000)));
    while (!log.empty() && log.front() + limit.window <= now) log.pop_front();
    bool old_enough = log.size() < limit.count || log[log.size() - limit.count] + Duration{67'500'000} <= now;
    bool got = limiter.check("x", 1, limit, now).allowed;
    if (got) {
      log.push_back(now);
      ++allowed;
    }
    ASSERT_LE(log.size(), limit.count) << "at request " << i;
    // A window and an eighth after the request that fills the limit, all of it is free again.
    if (log.empty() && old_enough) {
      ASSERT_TRUE(got) << "at request " << i;
    }
  }
  EXPECT_GT(allowed, 4'000);
}

TEST(RateLimiter, ClassesAndKeysDoNotShareALimit) {
  RateLimiter limiter;
  Limit one{1, Duration::seconds(60)};
  EXPECT_TRUE(limiter.check("deposit", 1, one, kStart).allowed);
  EXPECT_TRUE(limiter.check("withdraw", 1, one, kStart).allowed);
  EXPECT_TRUE(limiter.check("deposit", 2, one, kStart).allowed);
  EXPECT_FALSE(limiter.check("deposit", 1, one, kStart).allowed);
}

TEST(RateLimiter, ALimitOfZeroIsNoLimit) {
  RateLimiter limiter;
  for (int i = 0; i < 1'000; ++i)
    EXPECT_TRUE(limiter.check("x", 1, Limit{0, Duration::seconds(60)}, kStart).allowed);
  EXPECT_EQ(limiter.entries(), 0U);
}

TEST(RateLimiter, AClockThatGoesBackGivesNothingAway) {
  RateLimiter limiter;
  Limit one{1, Duration::seconds(60)};
  EXPECT_TRUE(limiter.check("x", 1, one, kStart).allowed);
  EXPECT_FALSE(limiter.check("x", 1, one, kStart - Duration::seconds(3'600)).allowed);
}

TEST(RateLimiter, ForgetsIdleKeysAsOthersCome) {
  RateLimiter limiter(1'000'000);
  for (uint64_t key = 0; key < 10'000; ++key) (void)limiter.check("x", key, kHundredAMinute, kStart);
  EXPECT_EQ(limiter.entries(), 10'000U);
  for (uint64_t key = 0; key < 10'000; ++key)
    (void)limiter.check("y", key, kHundredAMinute, at_millis(60'001));
  EXPECT_LE(limiter.entries(), 10'100U);
  EXPECT_EQ(limiter.evicted(), 0U);
}

TEST(RateLimiter, AFloodOfKeysStaysWithinTheCapAndDoesNotFreeABusyCaller) {
  constexpr size_t kCap = 6'400;
  RateLimiter limiter(kCap);
  for (int i = 0; i < 100; ++i) (void)limiter.check("x", 1, kHundredAMinute, kStart);
  for (uint64_t key = 2; key < 50'000; ++key) {
    (void)limiter.check("x", key, kHundredAMinute, kStart);
    if (key % 100 == 0) {
      ASSERT_FALSE(limiter.check("x", 1, kHundredAMinute, kStart).allowed) << key;
    }
  }
  EXPECT_LE(limiter.entries(), kCap);
  EXPECT_GT(limiter.evicted(), 0U);
}

TEST(RateLimiter, ThreadsTogetherGetExactlyTheLimit) {
  RateLimiter limiter;
  Limit limit{10'000, Duration::seconds(60)};
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5'000; ++i) {
        if (limiter.check("shared", 1, limit, kStart).allowed) allowed.fetch_add(1);
        (void)limiter.check("own", static_cast<uint64_t>(t * 5'000 + i), limit, kStart);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed.load(), 10'000);
}

}  // namespace
}  // namespace ducat::security
