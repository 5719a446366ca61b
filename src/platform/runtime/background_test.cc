#include "platform/runtime/background.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <future>

#include "platform/runtime/executor.h"

namespace ducat {
namespace {

int niceness_of(Executor& executor) {
  std::promise<int> found;
  executor.post([&found] { found.set_value(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()))); });
  return found.get_future().get();
}

TEST(Background, OneThreadStepsBackAndTheOthersStay) {
  ThreadExecutor tables("tables"), others("others");
  int before = niceness_of(others);
  if (before >= 10) GTEST_SKIP() << "the test itself runs in the background";
  tables.post(make_background_thread);
  EXPECT_EQ(niceness_of(tables), 10);
  EXPECT_EQ(niceness_of(others), before);
}

}  // namespace
}  // namespace ducat
