#include "sim/scenarios/promise.h"

#include <gtest/gtest.h>

namespace ducat::sim {
namespace {

// The first seed up to `seeds` that breaks the promise, and how; empty: none does.
std::string first_broken(Promise scenario, uint64_t seeds) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(seed);
    if (Status status = scenario.run(world); !status)
      return "seed " + std::to_string(seed) + ": " + status.error().message;
  }
  return {};
}

TEST(Promise, HoldsWhateverDiesAndHoweverMessagesCome) {
  EXPECT_EQ(first_broken(Promise(), 25), "");
}

// The tests of the test: each planted bug is found.
class PromiseFinds : public testing::TestWithParam<std::pair<const char*, PromiseBug>> {};

TEST_P(PromiseFinds, ThePlantedBug) {
  std::string broken = first_broken(Promise(GetParam().second), 200);
  EXPECT_NE(broken, "");
  std::printf("%s\n", broken.c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Bugs, PromiseFinds,
    testing::Values(std::pair("AnAnswerBeforeTheConfirmationIsDurable", PromiseBug::kUnsyncedTransactions),
                    std::pair("AnAuditRecordThatIsNotSynced", PromiseBug::kUnsyncedAudit),
                    std::pair("AConsumerWithoutInbox", PromiseBug::kNoInbox),
                    std::pair("AMessageAcknowledgedTooEarly", PromiseBug::kAcknowledgesEarly),
                    std::pair("ALateRecordThatKeepsItsStatus", PromiseBug::kIgnoresRollbacks),
                    std::pair("APositionBeforeTheConfirmation", PromiseBug::kConfirmedWhenSent),
                    std::pair("ASweepThatForgetsWhatACrashLeft", PromiseBug::kForgetsOpen)),
    [](const auto& bug) { return bug.param.first; });

TEST(Promise, TheSameSeedIsTheSameRun) {
  auto hash_of = [](uint64_t seed) {
    World world(seed);
    EXPECT_TRUE(Promise().run(world));
    return world.trace().hash();
  };
  for (uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(hash_of(seed), hash_of(seed)) << "seed " << seed;
}

}  // namespace
}  // namespace ducat::sim
