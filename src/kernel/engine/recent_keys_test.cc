#include "kernel/engine/recent_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ducat::kernel {
namespace {

UsedKey used(std::string_view key, RecordNumber record, std::string_view answer = "answer") {
  return {key, record * 10, answer, record, Timestamp{static_cast<int64_t>(record)}};
}

TEST(RecentKeys, GiveBackWhatWasUsed) {
  RecentKeys keys(100);
  keys.add(1, used("a", 5, "first"));
  auto found = keys.find(1, "a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "a");
  EXPECT_EQ(found->answer, "first");
  EXPECT_EQ(found->fingerprint, 50u);
  EXPECT_EQ(found->record, 5u);
  EXPECT_EQ(found->at.micros, 5);
  EXPECT_FALSE(keys.find(2, "a"));
  EXPECT_FALSE(keys.find(1, "b"));
}

TEST(RecentKeys, TellKeysOfTheSameHashApart) {
  RecentKeys keys(100);
  for (std::string_view key : {"a", "b", "c"}) keys.add(7, used(key, 1, key));
  for (std::string_view key : {"a", "b", "c"}) {
    ASSERT_TRUE(keys.find(7, key));
    EXPECT_EQ(keys.find(7, key)->answer, key);
  }
  EXPECT_FALSE(keys.find(7, "d"));
}

TEST(RecentKeys, TheNewestUseCounts) {
  RecentKeys keys(100);
  keys.add(1, used("a", 1, "old"));
  keys.add(1, used("a", 2, "new"));
  EXPECT_EQ(keys.find(1, "a")->answer, "new");
  keys.rotate(2);
  EXPECT_EQ(keys.find(1, "a")->answer, "new");
  keys.add(1, used("a", 3, "newest"));
  EXPECT_EQ(keys.find(1, "a")->answer, "newest");
}

TEST(RecentKeys, ARemovedKeyLeavesTheOthersOfItsHash) {
  RecentKeys keys(100);
  keys.add(7, used("a", 1));
  keys.add(7, used("b", 2));
  keys.add(8, used("c", 2));
  keys.remove(8, "c");
  keys.remove(7, "b");
  EXPECT_FALSE(keys.find(7, "b"));
  EXPECT_FALSE(keys.find(8, "c"));
  EXPECT_TRUE(keys.find(7, "a"));
  keys.remove(7, "a");
  EXPECT_FALSE(keys.find(7, "a"));
  keys.add(7, used("a", 3));
  EXPECT_EQ(keys.find(7, "a")->record, 3u);
}

TEST(RecentKeysDeathTest, OnlyTheNewestKeyIsTakenBack) {
  RecentKeys keys(100);
  keys.add(7, used("a", 1));
  keys.add(7, used("b", 2));
  EXPECT_DEATH(keys.remove(7, "a"), "only the newest key");
  EXPECT_DEATH(keys.remove(9, "x"), "only the newest key");
}

TEST(RecentKeys, AGenerationRotatesWhenItIsFullAndTheElderIsGone) {
  RecentKeys keys(3);
  for (uint64_t i = 1; i <= 3; ++i) {
    EXPECT_FALSE(keys.can_rotate());
    keys.add(i, used("k" + std::to_string(i), i));
  }
  EXPECT_TRUE(keys.can_rotate());
  keys.rotate(3);
  for (uint64_t i = 4; i <= 7; ++i) keys.add(i, used("k" + std::to_string(i), i));
  EXPECT_FALSE(keys.can_rotate()) << "the elder one is still here";
  EXPECT_EQ(keys.size(), 7u);
  for (uint64_t i = 1; i <= 7; ++i) EXPECT_TRUE(keys.find(i, "k" + std::to_string(i))) << i;

  EXPECT_FALSE(keys.elder_ready(2)) << "its last record is not durable";
  EXPECT_TRUE(keys.elder_ready(3));
  auto written = keys.take_elder(1);
  EXPECT_FALSE(keys.elder_ready(3)) << "it is handed over once";
  EXPECT_EQ(written->run_id, 1);
  EXPECT_EQ(written->up_to_record, 3u);
  EXPECT_EQ(written->newest_at.micros, 3);
  EXPECT_TRUE(keys.find(1, "k1")) << "until the tables have it";
  keys.forget_elder();
  EXPECT_FALSE(keys.find(1, "k1"));
  EXPECT_TRUE(keys.find(4, "k4"));
  EXPECT_TRUE(keys.can_rotate());
}

TEST(RecentKeys, TheMemoryOfAGenerationIsUsedAgainWithoutItsKeys) {
  RecentKeys keys(2);
  for (uint64_t round = 0; round < 4; ++round) {
    uint64_t first = 10 * round;
    keys.add(first, used("k", first + 1));
    keys.add(first + 1, used("k", first + 2));
    EXPECT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys.find(first, "k")->record, first + 1);
    keys.rotate(first + 2);
    EXPECT_EQ(keys.take_elder(1)->sorted.size(), 2u);
    keys.forget_elder();
    EXPECT_FALSE(keys.find(first, "k"));
  }
}

TEST(RecentKeys, TheElderIsHandedOverSortedByItsHashAsTheTablesSortIt) {
  RecentKeys keys(4);
  uint64_t record = 1;
  for (uint64_t hash : {uint64_t{5}, UINT64_MAX, uint64_t{0}, uint64_t{1} << 63})
    keys.add(hash, used("k", record++));
  keys.rotate(4);
  auto written = keys.take_elder(1);
  ASSERT_EQ(written->sorted.size(), 4u);
  EXPECT_TRUE(std::is_sorted(written->sorted.begin(), written->sorted.end(),
                             [](const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; }));
  EXPECT_EQ(written->sorted.front().hash, INT64_MIN);
  EXPECT_EQ(written->sorted.front().record, 4u);
}

// The key of a refused atomic group stands for a record that may never be: if it vouched for that record, a
// recovery would skip the keys the record gets in the end.
TEST(RecentKeys, AKeyThatWasTakenBackVouchesForNoRecord) {
  RecentKeys keys(2);
  keys.add(1, used("kept", 5));
  keys.add(2, used("taken back", 6));
  keys.remove(2, "taken back");
  ASSERT_TRUE(keys.can_rotate());
  keys.rotate(5);
  ASSERT_TRUE(keys.elder_ready(5)) << "record 6 is none of its own";
  auto written = keys.take_elder(1);
  EXPECT_EQ(written->up_to_record, 5u);
  ASSERT_EQ(written->sorted.size(), 1u);
  EXPECT_EQ(written->sorted.front().record, 5u);
}

TEST(RecentKeys, ClearForgetsBothGenerations) {
  RecentKeys keys(1);
  keys.add(1, used("a", 1));
  keys.rotate(1);
  keys.add(2, used("b", 2));
  keys.clear();
  EXPECT_EQ(keys.size(), 0u);
  EXPECT_FALSE(keys.find(1, "a"));
  EXPECT_FALSE(keys.find(2, "b"));
  EXPECT_FALSE(keys.elder_ready(100));
}

}  // namespace
}  // namespace ducat::kernel
