#include "sim/scenarios/sqlite_commits.h"

#include <gtest/gtest.h>

namespace ducat::sim {
namespace {

constexpr uint64_t kSeeds = 30;

TEST(SqliteCommits, FullKeepsEveryAnsweredCommit) {
  SqliteCommits scenario(Synchronous::kFull);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed);
    Status status = scenario.run(world);
    ASSERT_TRUE(status) << "seed " << seed << ": " << status.error().message;
  }
}

TEST(SqliteCommits, NormalLosesOnlyTheNewest) {
  SqliteCommits scenario(Synchronous::kNormal);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed);
    Status status = scenario.run(world);
    ASSERT_TRUE(status) << "seed " << seed << ": " << status.error().message;
  }
}

// The crash model bites: without syncs, the same seeds break the promise.
TEST(SqliteCommits, AMissingSyncIsFound) {
  for (Synchronous mode : {Synchronous::kOff, Synchronous::kNormal}) {
    SqliteCommits scenario(mode, true);
    uint64_t found = 0;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      World world(seed);
      if (!scenario.run(world)) ++found;
    }
    EXPECT_GT(found, kSeeds / 2) << scenario.name();
  }
}

TEST(SqliteCommits, TheSameSeedIsTheSameRun) {
  SqliteCommits scenario(Synchronous::kFull);
  auto hash_of = [&](uint64_t seed) {
    World world(seed);
    EXPECT_TRUE(scenario.run(world));
    return world.trace().hash();
  };
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    uint64_t first = hash_of(seed);
    EXPECT_EQ(first, hash_of(seed)) << "seed " << seed;
    EXPECT_NE(first, hash_of(seed + 100));
  }
}

}  // namespace
}  // namespace ducat::sim
