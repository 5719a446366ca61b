#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/random.h"

namespace ducat {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::vector<uint64_t> interesting() {
  std::vector<uint64_t> all;
  for (int bits = 0; bits < 64; ++bits) {
    for (int64_t near : {-1, 0, 1}) all.push_back((uint64_t{1} << bits) + static_cast<uint64_t>(near));
  }
  return all;
}

TEST(Bytes, IntegersComeBack) {
  for (uint64_t value : interesting()) {
    std::string out;
    ByteWriter writer(out);
    writer.varint(value);
    writer.zigzag(static_cast<int64_t>(value));
    writer.fixed64(value);
    ByteReader reader(out);
    EXPECT_EQ(reader.varint(), value);
    EXPECT_EQ(reader.zigzag(), static_cast<int64_t>(value));
    EXPECT_EQ(reader.fixed64(), value);
    EXPECT_TRUE(reader.complete());
  }
}

TEST(Bytes, SmallNumbersOfEitherSignAreShort) {
  auto size_of = [](int64_t value) {
    std::string out;
    ByteWriter(out).zigzag(value);
    return out.size();
  };
  EXPECT_EQ(size_of(0), 1u);
  EXPECT_EQ(size_of(-64), 1u);
  EXPECT_EQ(size_of(63), 1u);
  EXPECT_EQ(size_of(64), 2u);
  EXPECT_EQ(size_of(kMin), 10u);
  EXPECT_EQ(size_of(kMax), 10u);
}

TEST(Bytes, FixedIntegersAreLittleEndian) {
  std::string out;
  ByteWriter(out).fixed64(0x0102030405060708);
  EXPECT_EQ(out, "\x08\x07\x06\x05\x04\x03\x02\x01");
}

TEST(Bytes, TextsMayHoldAnything) {
  using namespace std::string_view_literals;
  std::string out;
  ByteWriter writer(out);
  const std::string large(70'000, 'x');
  for (std::string_view text : {""sv, "\0\xFF\n"sv, std::string_view(large)}) writer.text(text);
  ByteReader reader(out);
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.text(), "\0\xFF\n"sv);
  EXPECT_EQ(reader.text(), large);
  EXPECT_TRUE(reader.complete());
}

TEST(Bytes, WhatIsCutAnywhereIsNotComplete) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(7);
  writer.varint(1'000'000);
  writer.text("hello");
  writer.fixed64(42);
  writer.zigzag(kMin);
  for (size_t size = 0; size < out.size(); ++size) {
    std::string cut = out.substr(0, size);
    ByteReader reader(cut);
    reader.u8();
    reader.varint();
    reader.text();
    reader.fixed64();
    reader.zigzag();
    EXPECT_FALSE(reader.ok()) << size;
  }
}

TEST(Bytes, ABadFieldSpoilsTheReaderForGood) {
  std::string out;
  ByteWriter(out).varint(1'000);  // a length with nothing behind it
  ByteReader reader(out);
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_EQ(reader.fixed64(), 0u);
  EXPECT_FALSE(reader.complete());
}

TEST(Bytes, AVarintThatNeverEndsIsRefused) {
  std::string endless(11, '\xFF');
  ByteReader reader(endless);
  reader.varint();
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, ALengthBeyondAllMemoryIsRefused) {
  std::string out;
  ByteWriter(out).varint(UINT64_MAX);
  out += "abc";
  ByteReader reader(out);
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, WhatIsLeftOverIsSeen) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(1);
  writer.u8(2);
  ByteReader reader(out);
  reader.u8();
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.complete());
}

TEST(Bytes, RandomBytesNeverLeadBeyondTheEnd) {
  SeededRandom random(1);
  for (int i = 0; i < 10'000; ++i) {
    std::string noise(random.below(40), '\0');
    for (char& c : noise) c = static_cast<char>(random.next());
    ByteReader reader(noise);
    size_t seen = 0;
    for (int field = 0; field < 50 && !reader.done(); ++field) seen += reader.text().size();
    EXPECT_LE(seen, noise.size());
  }
}

}  // namespace
}  // namespace ducat
