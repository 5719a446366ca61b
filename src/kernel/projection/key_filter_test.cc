#include "kernel/projection/key_filter.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace ducat::kernel {
namespace {

TEST(KeyFilter, NeverMissesWhatWasAdded) {
  SeededRandom random(1);
  for (size_t size : {1u, 2u, 31u, 32u, 33u, 1000u, 50'000u}) {
    KeyFilter filter(size);
    std::vector<uint64_t> hashes(size);
    for (uint64_t& hash : hashes) filter.add(hash = random.next());
    for (uint64_t hash : hashes) ASSERT_TRUE(filter.may_contain(hash)) << size;
  }
}

TEST(KeyFilter, SmallAndLargeHashesHaveTheirPlace) {
  KeyFilter filter(4);
  for (uint64_t hash : {uint64_t{0}, uint64_t{1}, UINT64_MAX, uint64_t{1} << 63}) {
    filter.add(hash);
    EXPECT_TRUE(filter.may_contain(hash));
  }
}

// About one in five hundred, says its header; a bound that chance does not reach.
TEST(KeyFilter, FewUnknownKeysPass) {
  SeededRandom random(2);
  constexpr size_t kKeys = 65'536;
  KeyFilter filter(kKeys);
  for (size_t i = 0; i < kKeys; ++i) filter.add(random.next());
  int passed = 0;
  constexpr int kAsked = 200'000;
  for (int i = 0; i < kAsked; ++i) passed += filter.may_contain(random.next());
  EXPECT_LT(passed, kAsked / 250);
  EXPECT_GT(passed, 0) << "2 bytes a key cannot be exact";
}

TEST(KeyFilter, ComesBackFromItsBits) {
  SeededRandom random(3);
  KeyFilter filter(1000);
  for (int i = 0; i < 1000; ++i) filter.add(random.next());
  const std::string stored(filter.bits());
  KeyFilter read = KeyFilter::from_bits(stored, 1000).value();
  for (int i = 0; i < 100'000; ++i) {
    uint64_t hash = random.next();
    ASSERT_EQ(read.may_contain(hash), filter.may_contain(hash));
  }
}

TEST(KeyFilter, AnEmptyOneContainsNothing) {
  KeyFilter nothing;
  EXPECT_FALSE(nothing.may_contain(0));
  KeyFilter without_keys(0);
  EXPECT_FALSE(without_keys.may_contain(7));
}

}  // namespace
}  // namespace ducat::kernel
