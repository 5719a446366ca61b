#include "sim/scenarios/engine_ledger.h"

#include <gtest/gtest.h>

namespace ducat::sim {
namespace {

// On how many of the first seeds the scenario finds a broken promise; the message of the first one in
// `first`.
uint64_t found_in(EngineLedger scenario, uint64_t seeds, std::string* first = nullptr) {
  uint64_t found = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(seed);
    Status status = scenario.run(world);
    if (!status && found++ == 0 && first != nullptr) *first = status.error().message;
  }
  return found;
}

TEST(EngineLedger, EveryPromiseHoldsAcrossCrashes) {
  std::string broken;
  EXPECT_EQ(found_in(EngineLedger(), 40, &broken), 0U) << broken;
}

TEST(EngineLedger, TheSameSeedIsTheSameRun) {
  auto hash_of = [](uint64_t seed) {
    World world(seed);
    EXPECT_TRUE(EngineLedger().run(world));
    return world.trace().hash();
  };
  for (uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(hash_of(seed), hash_of(seed)) << "seed " << seed;
  EXPECT_NE(hash_of(1), hash_of(2));
}

// The tests of the test: each planted bug is found.
TEST(EngineLedger, AJournalThatIsNotSyncedIsFound) {
  std::string broken;
  EXPECT_GT(found_in(EngineLedger(LedgerBug::kNone, false), 20, &broken), 0U);
  EXPECT_FALSE(broken.empty());
}

TEST(EngineLedger, OverdraftsAreFound) {
  EXPECT_GT(found_in(EngineLedger(LedgerBug::kOverdraws), 5), 3U);
}

TEST(EngineLedger, AGroupThatIsNotUndoneIsFound) {
  EXPECT_GT(found_in(EngineLedger(LedgerBug::kForgetsUndo), 10), 3U);
}

TEST(EngineLedger, AStateForgottenBeforeItsRowIsWrittenIsFound) {
  EXPECT_GT(found_in(EngineLedger(LedgerBug::kUnpinsTooEarly), 10), 3U);
}

TEST(EngineLedger, ATableThatLacksARowIsFound) {
  EXPECT_GT(found_in(EngineLedger(LedgerBug::kWritesHalf), 10), 3U);
}

}  // namespace
}  // namespace ducat::sim
