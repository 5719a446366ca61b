#include "platform/runtime/executor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>

namespace ducat {
namespace {

// Ends when the executor has run everything posted before.
void drain(Executor& executor) {
  std::promise<void> done;
  executor.post([&done] { done.set_value(); });
  done.get_future().wait();
}

TEST(ThreadExecutor, RunsWorkInTheOrderPosted) {
  ThreadExecutor executor("test");
  std::vector<int> order;
  for (int i = 0; i < 10'000; ++i) executor.post([&order, i] { order.push_back(i); });
  drain(executor);
  ASSERT_EQ(order.size(), 10'000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadExecutor, NeverRunsWorkInsidePost) {
  ThreadExecutor executor("test");
  bool inside = true;
  bool ran_inside = false;
  std::promise<void> done;
  executor.post([&] {
    executor.post([&] {
      ran_inside = inside;
      done.set_value();
    });
    inside = false;
  });
  done.get_future().wait();
  EXPECT_FALSE(ran_inside);
}

TEST(ThreadExecutor, EveryPostFromEveryThreadRunsOnce) {
  ThreadExecutor executor("test");
  int total = 0;  // touched by the executor alone
  std::vector<std::thread> posters;
  for (int t = 0; t < 4; ++t) {
    posters.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) executor.post([&total] { ++total; });
    });
  }
  for (auto& poster : posters) poster.join();
  drain(executor);
  EXPECT_EQ(total, 20'000);
}

TEST(ThreadExecutor, SeveralThreadsWorkAtTheSameTime) {
  ThreadExecutor executor("test", 2);
  std::promise<void> first, second;
  auto first_started = first.get_future(), second_started = second.get_future();
  std::atomic<int> met{0};
  // Each waits for the other: with one thread this would never end.
  executor.post([&] {
    first.set_value();
    second_started.wait();
    ++met;
  });
  executor.post([&] {
    second.set_value();
    first_started.wait();
    ++met;
  });
  executor.stop();
  EXPECT_EQ(met, 2);
}

TEST(ThreadExecutor, StopRunsWhatWasPostedAndDropsWhatComesLater) {
  ThreadExecutor executor("test");
  std::promise<void> gate;
  auto opened = gate.get_future();
  int ran = 0;
  executor.post([&] { opened.wait(); });
  for (int i = 0; i < 100; ++i) executor.post([&ran] { ++ran; });
  gate.set_value();
  executor.stop();
  EXPECT_EQ(ran, 100);
  executor.post([&ran] { ++ran; });
  executor.stop();
  EXPECT_EQ(ran, 100);
}

TEST(ThreadExecutor, BackgroundThreadsGiveWayToOthers) {
  auto nice_of = [](Priority priority) {
    std::promise<int> nice;
    ThreadExecutor executor("nice", 1, priority);
    executor.post([&] { nice.set_value(::getpriority(PRIO_PROCESS, 0)); });
    return nice.get_future().get();
  };
  int normal = nice_of(Priority::kNormal);
  EXPECT_EQ(normal, ::getpriority(PRIO_PROCESS, 0));
  EXPECT_EQ(nice_of(Priority::kBackground), std::min(normal + 10, 19));
}

TEST(ThreadTimers, RunWorkOnTheExecutorAfterTheDelay) {
  ThreadExecutor executor("test");
  ThreadTimers timers;
  std::promise<std::thread::id> ran;
  std::promise<std::thread::id> own;
  executor.post([&] { own.set_value(std::this_thread::get_id()); });
  auto start = std::chrono::steady_clock::now();
  timers.after(Duration::millis(20), executor, [&] { ran.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(ran.get_future().get(), own.get_future().get());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20));
}

TEST(ThreadTimers, FireInTheOrderOfTheirTimes) {
  ThreadExecutor executor("test");
  ThreadTimers timers;
  std::vector<int> order;
  std::promise<void> done;
  timers.after(Duration::millis(60), executor, [&] {
    order.push_back(3);
    done.set_value();
  });
  timers.after(Duration::millis(30), executor, [&] { order.push_back(2); });
  timers.after(Duration{0}, executor, [&] { order.push_back(1); });
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(ThreadTimers, CancelledWorkDoesNotRun) {
  ThreadExecutor executor("test");
  ThreadTimers timers;
  bool ran = false;
  auto id = timers.after(Duration::millis(20), executor, [&ran] { ran = true; });
  EXPECT_TRUE(timers.cancel(id));
  EXPECT_FALSE(timers.cancel(id));
  std::promise<void> later;
  timers.after(Duration::millis(30), executor, [&later] { later.set_value(); });
  later.get_future().wait();
  EXPECT_FALSE(ran);
}

TEST(ThreadTimers, CancelSaysExactlyWhetherTheWorkRuns) {
  ThreadExecutor executor("test");
  ThreadTimers timers;
  int ran = 0;
  int cancelled = 0;
  for (int i = 0; i < 2'000; ++i) {
    auto id = timers.after(Duration{i % 50}, executor, [&ran] { ++ran; });
    if (timers.cancel(id)) ++cancelled;
  }
  drain(executor);
  EXPECT_EQ(ran + cancelled, 2'000);
}

TEST(ThreadTimers, WorkThatIsNotDueIsDroppedAtTheEnd) {
  ThreadExecutor executor("test");
  bool ran = false;
  {
    ThreadTimers timers;
    timers.after(Duration::seconds(3600), executor, [&ran] { ran = true; });
  }
  drain(executor);
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace ducat
