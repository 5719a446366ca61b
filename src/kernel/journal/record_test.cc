#include "kernel/journal/record.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace ducat::kernel {
namespace {

// What a record holds, as text, in order.
struct Listing final : RecordVisitor {
  std::vector<std::string> entries;
  void on_event(Position position, uint64_t stream, std::string_view body) override {
    entries.push_back("event " + std::to_string(position) + " of " + std::to_string(stream) + ": " +
                      std::string(body));
  }
  void on_key(std::string_view key, uint64_t fingerprint, std::string_view answer) override {
    entries.push_back("key " + std::string(key) + " " + std::to_string(fingerprint) + ": " +
                      std::string(answer));
  }
  void on_job(std::string_view job) override { entries.push_back("job " + std::string(job)); }
  void on_leaf(std::string_view leaf) override { entries.push_back("leaf " + std::string(leaf)); }
};

Record sample() {
  RecordBuilder builder;
  builder.start(7, 100, 3, Timestamp{1'772'366'400'000'000});
  builder.event(1, "first");
  builder.key("caller key", UINT64_MAX, "answer");
  builder.event(UINT64_MAX, "");
  builder.job("work");
  builder.leaf("evidence");
  return builder.take();
}

Status visited(const Record& record) {
  Listing listing;
  return visit(record, listing);
}

TEST(Record, WhatIsBuiltIsReadInOrder) {
  Record record = sample();
  EXPECT_EQ(record.events, 2u);
  EXPECT_EQ(record.end_position(), 102u);
  Listing listing;
  ASSERT_TRUE(visit(record, listing));
  EXPECT_EQ(listing.entries,
            (std::vector<std::string>{"event 100 of 1: first", "key caller key 18446744073709551615: answer",
                                      "event 101 of 18446744073709551615: ", "job work", "leaf evidence"}));
}

TEST(Record, AnEmptyOneHasNoEntries) {
  RecordBuilder builder;
  builder.start(1, 1, 1, {});
  EXPECT_TRUE(builder.empty());
  Record record = builder.take();
  Listing listing;
  EXPECT_TRUE(visit(record, listing));
  EXPECT_TRUE(listing.entries.empty());
  EXPECT_EQ(record.end_position(), 1u);
}

TEST(Record, RewindTakesBackWhatCameAfterTheMark) {
  RecordBuilder builder;
  builder.start(1, 10, 1, {});
  builder.event(1, "stays");
  RecordBuilder::Mark mark = builder.mark();
  builder.event(1, "goes");
  builder.key("goes", 1, "");
  EXPECT_EQ(builder.next_position(), 12u);
  builder.rewind(mark);
  EXPECT_EQ(builder.next_position(), 11u);
  builder.event(2, "comes");
  Record record = builder.take();
  Listing listing;
  ASSERT_TRUE(visit(record, listing));
  EXPECT_EQ(listing.entries, (std::vector<std::string>{"event 10 of 1: stays", "event 11 of 2: comes"}));
}

TEST(Record, CutAnywhereItIsCorrupt) {
  const Record whole = sample();
  // Cut exactly behind an entry that is no event it is a shorter record: only the checksum knows.
  const size_t event = whole.body.size() - std::string_view("..work..evidence").size();
  const size_t job = whole.body.size() - std::string_view("..evidence").size();
  for (size_t size = 0; size < whole.body.size(); ++size) {
    Record cut = whole;
    cut.body.resize(size);
    Status status = visited(cut);
    EXPECT_EQ(status.has_value(), size == event || size == job) << size;
    if (!status) {
      EXPECT_EQ(status.error().code, Errc::kCorrupt) << size;
    }
    EXPECT_NE(checksum_of(cut, 5), checksum_of(whole, 5)) << size;
  }
}

TEST(Record, AFlippedBitAnywhereChangesTheChecksum) {
  const Record whole = sample();
  const uint64_t checksum = checksum_of(whole, 5);
  for (size_t bit = 0; bit < whole.body.size() * 8; ++bit) {
    Record damaged = whole;
    damaged.body[bit / 8] = static_cast<char>(damaged.body[bit / 8] ^ 1 << (bit % 8));
    EXPECT_NE(checksum_of(damaged, 5), checksum) << bit;
  }
}

TEST(Record, TheChecksumCoversTheHeaderAndTheRecordBefore) {
  const Record whole = sample();
  const uint64_t checksum = checksum_of(whole, 5);
  EXPECT_EQ(checksum_of(sample(), 5), checksum);
  EXPECT_NE(checksum_of(whole, 6), checksum);
  auto changed = [&](auto change) {
    Record record = whole;
    change(record);
    return checksum_of(record, 5);
  };
  EXPECT_NE(changed([](Record& r) { ++r.number; }), checksum);
  EXPECT_NE(changed([](Record& r) { ++r.first_position; }), checksum);
  EXPECT_NE(changed([](Record& r) { ++r.events; }), checksum);
  EXPECT_NE(changed([](Record& r) { ++r.epoch; }), checksum);
  EXPECT_NE(changed([](Record& r) { ++r.at.micros; }), checksum);
}

TEST(Record, AnUnknownVersionOrEntryIsCorrupt) {
  Record record = sample();
  record.body[0] = 2;
  EXPECT_EQ(visited(record).error().code, Errc::kCorrupt);
  for (int tag : {0, 5, 255}) {
    Record odd = sample();
    odd.body.push_back(static_cast<char>(tag));
    EXPECT_EQ(visited(odd).error().code, Errc::kCorrupt) << tag;
  }
  Record nothing;
  EXPECT_EQ(visited(nothing).error().code, Errc::kCorrupt);
}

TEST(Record, AWrongCountOfEventsIsCorrupt) {
  for (int by : {-1, 1}) {
    Record record = sample();
    record.events += static_cast<uint32_t>(by);
    EXPECT_EQ(visited(record).error().code, Errc::kCorrupt) << by;
  }
}

TEST(Record, NoiseIsReadWithoutHarm) {
  SeededRandom random(1);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Record record = sample();
    for (uint64_t n = 1 + random.below(4); n > 0; --n)
      record.body[random.below(record.body.size())] = static_cast<char>(random.next());
    refused += !visited(record);
  }
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace ducat::kernel
