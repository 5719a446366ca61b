#include "sim/world/sim_scheduler.h"

#include <gtest/gtest.h>

#include <set>

#include "platform/runtime/task.h"

namespace ducat::sim {
namespace {

struct Playing {
  explicit Playing(uint64_t seed) : scheduler(seed, trace) {}
  Trace trace;
  SimScheduler scheduler;
};

// The order in which two executors with three pieces of work each run them.
std::string order_of(uint64_t seed) {
  Playing run(seed);
  std::string order;
  for (char name : {'a', 'b'}) {
    for (char n : {'1', '2', '3'}) {
      run.scheduler.executor(std::string(1, name)).post([&order, name, n] { order += {name, n}; });
    }
  }
  EXPECT_TRUE(run.scheduler.run_until([&] { return order.size() == 12; }, 100));
  return order;
}

TEST(SimScheduler, AnExecutorKeepsItsOrderAndTheSeedOrdersExecutors) {
  std::set<std::string> orders;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    std::string order = order_of(seed);
    orders.insert(order);
    ASSERT_LT(order.find("a1"), order.find("a2")) << order;
    ASSERT_LT(order.find("a2"), order.find("a3")) << order;
    ASSERT_LT(order.find("b1"), order.find("b2")) << order;
    ASSERT_LT(order.find("b2"), order.find("b3")) << order;
  }
  EXPECT_GT(orders.size(), 10U);
  EXPECT_EQ(order_of(42), order_of(42));
}

TEST(SimScheduler, AnExecutorWithSeveralThreadsKeepsNoOrder) {
  std::set<std::string> orders;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Playing run(seed);
    std::string order;
    Executor& pool = run.scheduler.executor("pool", 2);
    for (char n : {'1', '2', '3'}) pool.post([&order, n] { order += n; });
    ASSERT_TRUE(run.scheduler.run_until([&] { return order.size() == 3; }, 10));
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6U);
}

TEST(SimScheduler, WorkPostedByWorkDoesNotRunInsideIt) {
  Playing run(1);
  Executor& executor = run.scheduler.executor("e");
  std::string order;
  executor.post([&] {
    executor.post([&] { order += "inner"; });
    order += "outer ";
  });
  ASSERT_TRUE(run.scheduler.run_until([&] { return order.ends_with("inner"); }, 10));
  EXPECT_EQ(order, "outer inner");
}

TEST(SimScheduler, TimersFireInTheOrderTheyAreDueAndNotEarly) {
  Playing run(3);
  Executor& executor = run.scheduler.executor("e");
  Timestamp start = run.scheduler.monotonic();
  std::string order;
  auto at = [&](int64_t seconds, char name) {
    run.scheduler.after(Duration::seconds(seconds), executor, [&run, &order, start, seconds, name] {
      EXPECT_GE(run.scheduler.monotonic() - start, Duration::seconds(seconds));
      order += name;
    });
  };
  at(3600, 'd');
  at(2, 'b');
  at(2, 'c');
  at(1, 'a');
  ASSERT_TRUE(run.scheduler.run_until([&] { return order.size() == 4; }, 10));
  EXPECT_EQ(order, "abcd");
}

TEST(SimScheduler, ACancelledTimerDoesNotRunAndCancellingAFiredOneSaysSo) {
  Playing run(1);
  Executor& executor = run.scheduler.executor("e");
  int ran = 0;
  auto kept = run.scheduler.after(Duration::millis(1), executor, [&] { ++ran; });
  auto cancelled = run.scheduler.after(Duration::millis(1), executor, [&] { ran += 10; });
  EXPECT_TRUE(run.scheduler.cancel(cancelled));
  EXPECT_FALSE(run.scheduler.cancel(cancelled));
  ASSERT_TRUE(run.scheduler.run_for(Duration::seconds(1), 100));
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(run.scheduler.cancel(kept));
}

TEST(SimScheduler, RunForPassesExactlyThatTime) {
  Playing run(1);
  Timestamp start = run.scheduler.monotonic();
  ASSERT_TRUE(run.scheduler.run_for(Duration::seconds(60), 100));
  EXPECT_EQ(run.scheduler.monotonic() - start, Duration::seconds(60));
}

TEST(SimScheduler, ARunThatNeverFinishesIsReportedWithItsSeed) {
  Playing run(77);
  Executor& executor = run.scheduler.executor("e");
  std::function<void()> again = [&] { executor.post([&] { again(); }); };
  again();
  Status endless = run.scheduler.run_until([] { return false; }, 50);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Errc::kTimeout);
  EXPECT_NE(endless.error().message.find("seed 77"), std::string::npos);
  run.scheduler.drop_all();
  Status stuck = run.scheduler.run_until([] { return false; }, 50);
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, Errc::kConflict);
}

TEST(SimScheduler, ShiftingTheWallClockLeavesMonotonicTimeAlone) {
  Playing run(1);
  Timestamp wall = run.scheduler.now();
  Timestamp monotonic = run.scheduler.monotonic();
  run.scheduler.shift_wall_clock(Duration::seconds(-30));
  EXPECT_EQ(run.scheduler.now() - wall, Duration::seconds(-30));
  EXPECT_EQ(run.scheduler.monotonic(), monotonic);
}

TEST(SimScheduler, CoroutinesPauseInVirtualTime) {
  Playing run(1);
  Executor& executor = run.scheduler.executor("e");
  auto sleeper = [](SimScheduler& scheduler, Executor& on) -> Task<int> {
    co_await pause(scheduler, on, Duration::seconds(3600));
    co_return 5;
  };
  int answer = 0;
  Timestamp begun = run.scheduler.monotonic();
  start(sleeper(run.scheduler, executor), [&](int value) { answer = value; });
  ASSERT_TRUE(run.scheduler.run_until([&] { return answer == 5; }, 10));
  EXPECT_GE(run.scheduler.monotonic() - begun, Duration::seconds(3600));
}

TEST(SimScheduler, WorkFromAnotherThreadStopsTheProcess) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  Playing run(1);
  Executor& executor = run.scheduler.executor("e");
  EXPECT_DEATH(std::thread([&] { executor.post([] {}); }).join(), "a thread in the simulator");
}

TEST(SimScheduler, TheTraceFollowsFromTheSeed) {
  auto hash_of = [](uint64_t seed) {
    Playing run(seed);
    int left = 50;
    std::function<void(Executor&)> work = [&](Executor& executor) {
      if (--left > 0) run.scheduler.after(Duration::millis(1), executor, [&] { work(executor); });
    };
    for (const char* name : {"a", "b", "c"}) work(run.scheduler.executor(name));
    EXPECT_TRUE(run.scheduler.run_until([&] { return left <= 0; }, 1000));
    return run.trace.hash();
  };
  EXPECT_EQ(hash_of(9), hash_of(9));
  EXPECT_NE(hash_of(9), hash_of(10));
}

}  // namespace
}  // namespace ducat::sim
