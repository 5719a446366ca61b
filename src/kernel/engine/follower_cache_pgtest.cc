// Copies that followers keep in a real Redis: never an old answer, whatever Redis goes through.
#include "kernel/engine/follower_cache.h"

#include "kernel/engine/testing/counter_server.h"
#include "platform/cache/testing/redis_server.h"

namespace ducat::kernel::testing {
namespace {

EngineOptions following(std::string holder) {
  EngineOptions options;
  options.follow = true;
  options.lease.holder = std::move(holder);
  return options;
}

class CopiesOnRedis : public OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (IsSkipped()) return;
    if (!cache::testing::redis_installed()) GTEST_SKIP() << "redis-server is not installed";
    redis_ = std::make_unique<cache::testing::RedisServer>();
    leader_ = std::make_unique<Server>(*backend_, following("leader"));
    follower_ = std::make_unique<Server>(*backend_, following("follower"));
    cache_ = open();
    copies_ = std::make_unique<FollowerCache>(cache_.get(), follower_->engine(), "counters");
  }
  std::unique_ptr<cache::Cache> open() {
    cache::CacheTarget target;
    target.type = cache::CacheTarget::Type::kRedis;
    target.url = redis_->url();
    target.timeout = Duration::millis(200);
    target.breaker = Duration::millis(400);
    auto opened = cache::open(target, clock_);
    EXPECT_TRUE(opened.has_value());
    return std::move(*opened);
  }
  std::optional<std::string> find(FollowerCache& copies, uint64_t counter) {
    std::promise<std::optional<std::string>> found;
    auto task = [](FollowerCache& in, std::string id, Executor& home) -> Task<std::optional<std::string>> {
      co_return co_await in.find(id, home);
    };
    start(task(copies, std::to_string(counter), home_),
          [&](std::optional<std::string> value) { found.set_value(std::move(value)); });
    return found.get_future().get();
  }
  // As a service reads: the copy if it is true now, else the engine's answer, of which a copy is kept.
  int64_t read(uint64_t counter) {
    if (auto copy = find(*copies_, counter)) {
      ++copies_used_;
      return std::stoll(*copy);
    }
    auto [value, seen] = follower_->read_at(counter);
    copies_->keep(std::to_string(counter), counter, seen, std::to_string(value));
    return value;
  }
  // Reads until a copy is used: what is put arrives in its own time.
  bool is_copied(uint64_t counter, int64_t value) {
    int before = copies_used_;
    return eventually([&] { return read(counter) == value && copies_used_ > before; });
  }

  SystemClock clock_;
  std::unique_ptr<cache::testing::RedisServer> redis_;
  std::unique_ptr<Server> leader_, follower_;
  std::unique_ptr<cache::Cache> cache_;
  std::unique_ptr<FollowerCache> copies_;
  ThreadExecutor home_{"home"};
  int copies_used_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Postgres, CopiesOnRedis, ::testing::Values(make_postgres));

TEST_P(CopiesOnRedis, ACopyIsUsedUntilARecordTouchesItsStream) {
  leader_->add(1, 5);
  EXPECT_EQ(read(1), 5);
  EXPECT_TRUE(is_copied(1, 5));
  for (int64_t i = 1; i <= 100; ++i) {
    ASSERT_EQ(leader_->add(1, 1).result, 5 + i);
    ASSERT_EQ(read(1), 5 + i) << "an old copy was used";
    ASSERT_EQ(read(1), 5 + i);
  }
  EXPECT_TRUE(is_copied(1, 105));
  leader_->add(2, 1);
  EXPECT_TRUE(is_copied(1, 105)) << "another stream's record does not matter";
}

TEST_P(CopiesOnRedis, ARedisThatDiesOrHangsCostsItsTimeoutOnceAndNeverAWrongAnswer) {
  leader_->add(1, 5);
  EXPECT_TRUE(is_copied(1, 5));
  auto reads_right = [&](int64_t expected) {
    Timestamp begin = clock_.monotonic();
    for (int i = 0; i < 50; ++i) EXPECT_EQ(read(1), expected);
    EXPECT_LT(clock_.monotonic() - begin, Duration::seconds(3)) << "50 timeouts are 10 s";
  };
  redis_->hang();
  leader_->add(1, 1);
  reads_right(6);
  EXPECT_FALSE(cache_->stats().reachable);
  redis_->go_on();  // what it holds is old
  EXPECT_TRUE(is_copied(1, 6));
  leader_->add(1, 1);
  redis_->kill();
  reads_right(7);
  redis_->restart();
  EXPECT_TRUE(is_copied(1, 7));
}

TEST_P(CopiesOnRedis, ACopyOfAnotherJournalIsNotBelieved) {
  leader_->add(1, 5);
  EXPECT_TRUE(is_copied(1, 5));
  auto other_backend = make_postgres();
  Server other(*other_backend, following("other"));
  for (int i = 0; i < 40; ++i) other.add(1, 1);
  Server other_follower(*other_backend, following("other follower"));
  // The same name in the same Redis, a version that this journal has as well.
  FollowerCache others(cache_.get(), other_follower.engine(), "counters");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(find(others, 1), std::nullopt);
}

TEST_P(CopiesOnRedis, TheLeaderUsesAndKeepsNone) {
  leader_->add(1, 5);
  EXPECT_TRUE(is_copied(1, 5));
  FollowerCache at_leader(cache_.get(), leader_->engine(), "counters");
  EXPECT_EQ(find(at_leader, 1), std::nullopt);
}

}  // namespace
}  // namespace ducat::kernel::testing
