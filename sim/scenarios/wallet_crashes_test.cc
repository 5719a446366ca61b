#include "sim/scenarios/wallet_crashes.h"

#include <gtest/gtest.h>

namespace ducat::sim {
namespace {

uint64_t found_in(WalletCrashes scenario, uint64_t seeds, std::string* first) {
  uint64_t found = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(seed);
    Status status = scenario.run(world);
    if (!status && found++ == 0) *first = "seed " + std::to_string(seed) + ": " + status.error().message;
  }
  return found;
}

TEST(WalletCrashes, EveryPromiseHoldsAcrossCrashes) {
  std::string broken;
  EXPECT_EQ(found_in(WalletCrashes(), 20, &broken), 0U) << broken;
}

TEST(WalletCrashes, AJournalThatIsNotSyncedIsFound) {
  std::string broken;
  EXPECT_GT(found_in(WalletCrashes(false), 20, &broken), 0U);
}

TEST(WalletCrashes, TheSameSeedIsTheSameRun) {
  auto hash_of = [](uint64_t seed) {
    World world(seed);
    EXPECT_TRUE(WalletCrashes().run(world));
    return world.trace().hash();
  };
  for (uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(hash_of(seed), hash_of(seed)) << "seed " << seed;
}

}  // namespace
}  // namespace ducat::sim
