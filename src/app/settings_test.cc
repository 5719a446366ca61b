// Defaults that must agree with each other, though they are other modules'.
#include "app/settings.h"

#include <gtest/gtest.h>

namespace ducat::app {
namespace {

// A gateway that gives up earlier would say 503 (unknown) where the contract has an answer: a change that
// waits for its turn and then for its audit record, a command that waits for its engine.
TEST(Settings, ACallBetweenProcessesOutlastsWhatItsServiceMayWait) {
  auto loaded = config::load(make_schema(), {});
  ASSERT_TRUE(loaded);
  const Duration turn = Duration::seconds(10);
  EXPECT_GT(loaded->duration("rpc.deadline").micros,
            loaded->duration("transactions.audit_timeout").micros + turn.micros);
  EXPECT_GT(loaded->duration("rpc.deadline"), loaded->duration("wallet.wait"));
}

}  // namespace
}  // namespace ducat::app
