// Properties of all rules together: whatever is asked for, the invariants hold, and histories can be trusted.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <tuple>

#include "services/wallet/domain/testing/world.h"

namespace ducat::wallet {
namespace {

using namespace testing;

World after_ops(const std::vector<Op>& ops) {
  World world;
  for (const Op& op : ops) world.carry_out(op);
  world.finish_sagas();
  return world;
}

TEST(Rules, KeepTheInvariantsWhateverIsAskedFor) {
  EXPECT_TRUE(rc::check([](const std::vector<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>>& raw) {
    std::vector<Op> ops;
    for (const auto& [kind, wallet, other, number] : raw) ops.push_back({kind, wallet, other, number});
    World world = after_ops(ops);
    RC_ASSERT(world.violations() == std::vector<std::string>());
  }));
}

TEST(Rules, KeepTheInvariantsThroughLongHistories) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    World world = after_ops(random_ops(seed, 2'000));
    ASSERT_EQ(world.violations(), std::vector<std::string>()) << "seed " << seed;
  }
}

// Otherwise the properties above would hold for want of events.
TEST(Rules, LongHistoriesComeAcrossEveryEvent) {
  std::map<EventType, int> seen;
  std::set<bool> settled;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const World world = after_ops(random_ops(seed, 2'000));
    for (const auto& [wallet, event] : world.log()) {
      ++seen[event.type];
      if (event.type == EventType::kFundsWithdrawn) settled.insert(!event.hold.none());
    }
  }
  for (int type = 1; type <= static_cast<int>(kLastEventType); ++type) {
    EXPECT_GE(seen[static_cast<EventType>(type)], 5) << to_string(static_cast<EventType>(type));
  }
  EXPECT_EQ(settled.size(), 2u);
}

TEST(Rules, GiveTheSameEventsForTheSameInput) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<Op> ops = random_ops(seed, 1'000);
    EXPECT_EQ(after_ops(ops).log(), after_ops(ops).log()) << "seed " << seed;
  }
}

TEST(Rules, EventsFoldedAgainGiveTheSameWallets) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    World world = after_ops(random_ops(seed, 1'000));
    std::array<std::optional<Wallet>, World::kWallets> folded{};
    for (const auto& [index, event] : world.log()) {
      if (!folded[index]) folded[index] = Wallet{};
      evolve(*folded[index], event);
    }
    EXPECT_EQ(folded, world.wallets()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ducat::wallet
