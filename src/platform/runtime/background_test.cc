#include "platform/runtime/background.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <future>

#include "platform/runtime/executor.h"

namespace ducat {
namespace {

int policy_of(Executor& executor) {
  std::promise<int> found;
  executor.post([&found] { found.set_value(sched_getscheduler(0)); });
  return found.get_future().get();
}

TEST(Background, OneThreadStepsBackAndTheOthersStay) {
  ThreadExecutor tables("tables"), others("others");
  int before = policy_of(others);
  if (before != SCHED_OTHER) GTEST_SKIP() << "the test itself does not run as programs usually do";
  tables.post(make_background_thread);
  EXPECT_EQ(policy_of(tables), SCHED_BATCH);
  EXPECT_EQ(policy_of(others), before);
}

}  // namespace
}  // namespace ducat
