#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <unordered_map>

namespace ducat {
namespace {

// Journals and key runs hold these for ever. The first two are XXH3's own published values.
TEST(Hash64, DoesNotChangeFromOneVersionToTheNext) {
  EXPECT_EQ(hash64(""), 0x2D06800538D394C2u);
  EXPECT_EQ(hash64("a"), 0xE6C632B61E964E1Fu);
  EXPECT_NE(hash64("a", 1), hash64("a"));
  EXPECT_EQ(hash64("a", 1), hash64("a", 1));
}

TEST(Hash64, EveryBitOfTheDataCounts) {
  for (size_t size : {1u, 8u, 16u, 17u, 128u, 240u, 300u}) {
    std::string data(size, 'x');
    std::set<uint64_t> seen{hash64(data)};
    for (size_t bit = 0; bit < size * 8; ++bit) {
      std::string flipped = data;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << (bit % 8));
      EXPECT_TRUE(seen.insert(hash64(flipped)).second) << size << " " << bit;
    }
  }
}

TEST(TextHash, LooksUpByViewWithoutMakingAString) {
  std::unordered_map<std::string, int, TextHash, std::equal_to<>> map{{"one", 1}, {"two", 2}};
  EXPECT_EQ(map.find(std::string_view("two"))->second, 2);
  EXPECT_EQ(map.find(std::string_view("three")), map.end());
}

}  // namespace
}  // namespace ducat
