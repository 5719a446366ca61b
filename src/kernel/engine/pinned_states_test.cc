#include "kernel/engine/pinned_states.h"

#include <gtest/gtest.h>

#include <map>

namespace ducat::kernel {
namespace {

TEST(PinnedStates, HandsOutWhatWasTouchedOnceAndInItsNewestState) {
  PinnedStates<int, int> states(10);
  states.add(1, 10);
  states.add(2, 20);
  states.touch(1) = 11;
  states.touch(1) = 12;
  std::map<int, int> taken;
  states.take_touched(1, [&](int key, int state) { EXPECT_TRUE(taken.emplace(key, state).second); });
  EXPECT_EQ(taken, (std::map<int, int>{{1, 12}}));
  EXPECT_FALSE(states.any_touched());
}

TEST(PinnedStates, KeepsWhatItsTableDoesNotHaveYet) {
  PinnedStates<int, int> states(2);
  for (int i = 0; i < 8; ++i) states.add(i, i);
  for (int i = 0; i < 3; ++i) states.touch(i);
  states.take_touched(7, [](int, int) {});
  states.touch(3);
  for (int round = 0; round < 3; ++round) states.written(6);
  for (int i = 0; i < 4; ++i) EXPECT_NE(states.find(i), nullptr) << i;
  EXPECT_EQ(states.size(), 4U);
  states.take_touched(8, [](int, int) {});
  for (int round = 0; round < 3; ++round) states.written(8);
  EXPECT_LE(states.size(), 2U);
}

TEST(PinnedStates, SparesWhatWasUsed) {
  PinnedStates<int, int> states(16);
  for (int i = 0; i < 17; ++i) states.add(i, i);
  states.written(0);  // everything was new: spared once
  EXPECT_EQ(states.size(), 17U);
  EXPECT_NE(states.find(5), nullptr);
  states.written(0);
  EXPECT_EQ(states.size(), 15U);
  EXPECT_NE(states.find(5), nullptr);
}

}  // namespace
}  // namespace ducat::kernel
