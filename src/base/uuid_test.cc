#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>

namespace ducat {
namespace {

TEST(Uuid, TextComesBackAsItWentInEitherCase) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) {
    Uuid id;
    for (uint8_t& byte : id.bytes) byte = static_cast<uint8_t>(random.next());
    std::string text = id.to_string();
    EXPECT_EQ(Uuid::parse(text), id);
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(Uuid::parse(text), id);
  }
}

TEST(Uuid, TextIsCanonical) {
  Uuid id;
  for (size_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(i * 0x11);
  EXPECT_EQ(id.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(Uuid, AnythingElseIsNotAUuid) {
  const std::string good = "00112233-4455-6677-8899-aabbccddeeff";
  EXPECT_TRUE(Uuid::parse(good));
  EXPECT_FALSE(Uuid::parse(""));
  EXPECT_FALSE(Uuid::parse(good + "0"));
  EXPECT_FALSE(Uuid::parse("{" + good + "}"));
  EXPECT_FALSE(Uuid::parse("00112233445566778899aabbccddeeff"));
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(Uuid::parse(good.substr(0, i))) << i;
    std::string bad = good;
    bad[i] = bad[i] == '-' ? '0' : 'g';
    EXPECT_FALSE(Uuid::parse(bad)) << bad;
  }
}

TEST(Uuid7, CarriesTimeVersionAndVariant) {
  SeededRandom random(2);
  for (int64_t millis : {int64_t{0}, int64_t{1}, int64_t{1'772'366'400'123}, (int64_t{1} << 48) - 1}) {
    Uuid id = make_uuid7(Timestamp{millis * 1000 + 999}, random);
    EXPECT_EQ(id.unix_millis(), millis);
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
  }
}

TEST(Uuid7, OrderIsTheOrderOfCreation) {
  SeededRandom random(3);
  Uuid last;
  for (int64_t millis = 1; millis < 2000; ++millis) {
    Uuid id = make_uuid7(Timestamp{millis * 1000}, random);
    EXPECT_LT(last, id);
    EXPECT_LT(last.to_string(), id.to_string());
    last = id;
  }
}

TEST(Uuid7, IdsOfOneMomentDiffer) {
  SeededRandom random(4);
  std::set<Uuid> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(make_uuid7(Timestamp{5'000'000}, random));
  EXPECT_EQ(ids.size(), 10'000u);
}

TEST(Uuid7, ALocatedIdGivesItsTailBack) {
  constexpr uint64_t kMost = (uint64_t{1} << 62) - 1;
  for (uint64_t tail : {uint64_t{0}, uint64_t{1}, uint64_t{0x0123456789ABCDEF}, kMost}) {
    Uuid id = make_uuid7_located(Timestamp{1'772'366'400'123'999}, tail);
    EXPECT_EQ(uuid7_tail(id), tail);
    EXPECT_EQ(id.unix_millis(), 1'772'366'400'123);
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
  }
}

TEST(Uuid7, LocatedIdsOfOneMillisecondFollowItsMicroseconds) {
  Uuid last;
  for (int64_t micro = 0; micro < 1000; ++micro) {
    // The tail falls, so that only the microseconds can put them in order.
    Uuid id = make_uuid7_located(Timestamp{7'000'000 + micro}, static_cast<uint64_t>(2000 - micro));
    EXPECT_LT(last, id) << micro;
    last = id;
  }
}

}  // namespace
}  // namespace ducat
