#include "kernel/journal/journal_feed.h"

#include <gtest/gtest.h>

#include "kernel/testing/backends.h"

namespace ducat::kernel {
namespace {

constexpr size_t kPlenty = size_t{1} << 20;

// A journal with records of one event each, and a feed that hears of them.
class JournalFeedTest : public ::testing::Test {
 protected:
  JournalFeedTest() : database_(backend_.open("feed", true)) {
    auto writer = JournalWriter::lead(*database_, {.holder = "test"});
    EXPECT_TRUE(writer) << writer.error().message;
    writer_ = std::move(*writer);
    first_ = writer_->tip().number;
    feed_.open(*database_);
    feed_.reached(first_);
  }

  // Appends a record; the feed hears of it unless it is to be a gap.
  std::shared_ptr<const Record> append(const std::string& event, bool tell = true) {
    RecordBuilder builder;
    builder.start(writer_->tip().number + 1, writer_->tip().end_position, writer_->epoch(), {1});
    builder.event(1, event);
    auto record = std::make_shared<Record>(builder.take());
    EXPECT_TRUE(writer_->append(*record));
    if (tell) feed_.durable(record);
    return record;
  }
  std::vector<RecordNumber> read(RecordNumber after, size_t bytes = kPlenty) {
    auto records = feed_.read(after, bytes);
    EXPECT_TRUE(records) << records.error().message;
    std::vector<RecordNumber> numbers;
    for (const auto& record : *records) numbers.push_back(record->number);
    return numbers;
  }

  testing::SqliteBackend backend_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<JournalWriter> writer_;
  RecordNumber first_ = 0;
  JournalFeed feed_{200};
};

TEST_F(JournalFeedTest, HasNothingForWhoIsAtTheEnd) {
  append("a");
  EXPECT_TRUE(read(first_ + 1).empty());
  EXPECT_TRUE(read(first_ + 7).empty());
}

TEST_F(JournalFeedTest, ReadsFromMemoryAndBeyondItFromTheDatabase) {
  for (int i = 0; i < 10; ++i) append(std::string(60, 'x'));  // memory holds three of them
  std::vector<RecordNumber> all;
  for (RecordNumber after = first_; after < feed_.end();) {
    for (RecordNumber number : read(after, 130)) {
      EXPECT_EQ(number, after + 1);
      after = number;
      all.push_back(number);
    }
  }
  EXPECT_EQ(all.size(), 10U);
}

TEST_F(JournalFeedTest, FillsAGapFromTheDatabase) {
  append("a");
  append("b", false);
  append("c");
  EXPECT_EQ(read(first_), (std::vector<RecordNumber>{first_ + 1, first_ + 2, first_ + 3}));
}

TEST_F(JournalFeedTest, ShowsNoRecordBeforeItIsKnownToBeDurable) {
  append("a");
  append("b", false);
  EXPECT_EQ(read(first_), (std::vector<RecordNumber>{first_ + 1}));
  // Also for who reads the database.
  JournalFeed cold;
  cold.open(*database_);
  cold.reached(first_ + 1);
  auto records = cold.read(first_, kPlenty);
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), 1U);
}

TEST_F(JournalFeedTest, CallsItsListenersUntilTheyLeave) {
  int woken = 0;
  uint64_t listener = feed_.listen([&] { ++woken; });
  append("a");
  EXPECT_EQ(woken, 1);
  feed_.unlisten(listener);
  append("b");
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace ducat::kernel
