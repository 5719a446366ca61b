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

bool finds(WalletCrashes scenario, uint64_t seeds, std::string* broken) {
  for (uint64_t seed = 1; seed <= seeds && broken->empty(); ++seed) {
    World world(seed);
    if (Status status = scenario.run(world); !status)
      *broken = "seed " + std::to_string(seed) + ": " + status.error().message;
  }
  if (!broken->empty()) std::printf("%s\n", broken->c_str());
  return !broken->empty();
}

TEST(WalletCrashes, EveryPromiseHoldsAcrossCrashes) {
  std::string broken;
  EXPECT_EQ(found_in(WalletCrashes(), 20, &broken), 0U) << broken;
}

// The tests of the test: each planted bug is found.
class WalletCrashesFinds : public testing::TestWithParam<std::pair<const char*, WalletBug>> {};

TEST_P(WalletCrashesFinds, ThePlantedBug) {
  std::string broken;
  EXPECT_TRUE(finds(WalletCrashes(GetParam().second), 200, &broken));
}

INSTANTIATE_TEST_SUITE_P(
    Bugs, WalletCrashesFinds,
    testing::Values(std::pair("AJournalThatIsNotSynced", WalletBug::kUnsyncedJournal),
                    std::pair("TablesThatAreKeptAfterAFailedSync", WalletBug::kTrustsDoubtful),
                    std::pair("ACreditThatIsRepeated", WalletBug::kCreditsAgain),
                    std::pair("ACompensationThatFreesNothing", WalletBug::kKeepsReservation),
                    std::pair("ALimitThatAReplayForgets", WalletBug::kForgetsLimit),
                    std::pair("HoldsThatStayWhenTheirTimeIsOver", WalletBug::kNeverExpires)),
    [](const auto& bug) { return bug.param.first; });

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
