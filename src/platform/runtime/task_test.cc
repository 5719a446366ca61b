#include "platform/runtime/task.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "base/result.h"

namespace ducat {
namespace {

Task<int> answer(int value, bool& ran) {
  ran = true;
  co_return value;
}

Task<int> sum_to(int count) {
  if (count == 0) co_return 0;
  int rest = co_await sum_to(count - 1);
  co_return rest + count;
}

TEST(Task, IsLazyUntilItIsStarted) {
  bool ran = false;
  Task<int> task = answer(7, ran);
  EXPECT_FALSE(ran);
  int got = 0;
  start(std::move(task), [&got](int value) { got = value; });
  EXPECT_TRUE(ran);
  EXPECT_EQ(got, 7);
}

TEST(Task, ATaskThatIsNeverStartedFreesWhatItHolds) {
  auto held = std::make_shared<int>(1);
  {
    auto keep = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
    Task<int> task = keep(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, FinishedTasksFreeWhatTheyHold) {
  auto held = std::make_shared<int>(5);
  auto keep = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
  int got = 0;
  start(keep(held), [&got](int value) { got = value; });
  EXPECT_EQ(got, 5);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, AwaitsOthersAndMovesTheirAnswersOut) {
  auto outer = []() -> Task<std::unique_ptr<int>> {
    auto inner = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    std::unique_ptr<int> got = co_await inner();
    *got += 1;
    co_return got;
  };
  int got = 0;
  start(outer(), [&got](std::unique_ptr<int> value) { got = *value; });
  EXPECT_EQ(got, 4);
}

TEST(Task, DeepChainsComeBack) {
  int got = 0;
  start(sum_to(1000), [&got](int value) { got = value; });
  EXPECT_EQ(got, 500'500);
}

TEST(Task, AVoidTaskTellsThatItIsDone) {
  bool ran = false, done = false;
  auto work = [](bool& flag) -> Task<> {
    flag = true;
    co_return;
  };
  start(work(ran), [&done] { done = true; });
  EXPECT_TRUE(ran);
  EXPECT_TRUE(done);
}

TEST(Task, MovesToAnotherExecutorAndBack) {
  ThreadExecutor home("home"), away("away");
  struct Places {
    std::thread::id at_away, at_home;
  };
  auto travel = [](Executor& to, Executor& back) -> Task<Places> {
    Places places;
    co_await resume_on(to);
    places.at_away = std::this_thread::get_id();
    co_await resume_on(back);
    places.at_home = std::this_thread::get_id();
    co_return places;
  };
  std::promise<Places> done;
  std::promise<std::thread::id> home_id, away_id;
  home.post([&] { home_id.set_value(std::this_thread::get_id()); });
  away.post([&] { away_id.set_value(std::this_thread::get_id()); });
  start(travel(away, home), [&done](Places places) { done.set_value(places); });
  Places places = done.get_future().get();
  EXPECT_EQ(places.at_away, away_id.get_future().get());
  EXPECT_EQ(places.at_home, home_id.get_future().get());
}

TEST(Task, PausesForAWhileAndGoesOnAtHome) {
  ThreadExecutor home("home");
  ThreadTimers timers;
  auto wait = [](Timers& clock, Executor& at) -> Task<std::thread::id> {
    co_await pause(clock, at, Duration::millis(10));
    co_return std::this_thread::get_id();
  };
  std::promise<std::thread::id> done, home_id;
  home.post([&] { home_id.set_value(std::this_thread::get_id()); });
  auto started = std::chrono::steady_clock::now();
  start(wait(timers, home), [&done](std::thread::id id) { done.set_value(id); });
  EXPECT_EQ(done.get_future().get(), home_id.get_future().get());
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(10));
}

Result<int> checked(int value) {
  if (value < 0) return fail(Errc::kInvalid, "negative");
  return value;
}
Task<Result<int>> doubled(int value) {
  DUCAT_CO_TRY(checked(value));
  co_return value * 2;
}

TEST(Task, ErrorsAreValues) {
  Result<int> good = fail(Errc::kIo, ""), bad = 0;
  start(doubled(4), [&good](Result<int> result) { good = std::move(result); });
  start(doubled(-1), [&bad](Result<int> result) { bad = std::move(result); });
  EXPECT_EQ(good.value_or(0), 8);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "negative");
}

}  // namespace
}  // namespace ducat
