#include "kernel/messaging/journal_source.h"

#include <gtest/gtest.h>

#include "kernel/projection/projector.h"
#include "kernel/testing/backends.h"

namespace ducat::kernel {
namespace {

// Every event "n" makes n messages, of types "a", "b" and so on.
Status as_many_as_it_says(const JournalEvent& event, std::vector<broker::Message>& out) {
  int count = std::stoi(std::string(event.body));
  for (int i = 0; i < count; ++i) {
    broker::Message message;
    message.type = std::string(1, static_cast<char>('a' + i));
    if (!event.wants(message.type)) {
      out.emplace_back();
      continue;
    }
    message.id = std::to_string(event.position) + "." + std::to_string(i);
    out.push_back(std::move(message));
  }
  return {};
}

class JournalSourceTest : public ::testing::Test {
 protected:
  JournalSourceTest() : tables_(backend_.open("source", false)) {
    auto connection = tables_->connect(storage::Access::kWriter);
    EXPECT_TRUE(connection && open_checkpoint(**connection));
  }
  void append(std::vector<std::string> events) {
    RecordBuilder builder;
    builder.start(++number_, position_, 1, {1});
    for (const std::string& event : events) builder.event(1, event);
    position_ = builder.next_position();
    feed_.durable(std::make_shared<Record>(builder.take()));
  }
  // Reads to the end, `limit` at a time, beginning again after what each chunk's message `take` says.
  std::vector<std::string> read_all(size_t limit, uint64_t after = 0) {
    std::vector<std::string> ids;
    for (;;) {
      auto chunk = source_.read(after, limit, {});
      EXPECT_TRUE(chunk) << chunk.error().message;
      if (!chunk || chunk->reached == after) return ids;
      for (auto& numbered : chunk->messages) ids.push_back(numbered.message.id);
      after = chunk->reached;
    }
  }

  testing::SqliteBackend backend_;
  std::unique_ptr<storage::Database> tables_;
  JournalFeed feed_;
  JournalSource source_{feed_, *tables_, "messages", as_many_as_it_says};
  RecordNumber number_ = 0;
  Position position_ = 1;
};

TEST_F(JournalSourceTest, GivesTheMessagesOfAllRecordsInOrder) {
  append({"1", "0"});
  append({"0"});
  append({"2", "1"});
  const std::vector<std::string> all{"1.0", "4.0", "4.1", "5.0"};
  EXPECT_EQ(read_all(100), all);
  EXPECT_EQ(read_all(1), all);
}

TEST_F(JournalSourceTest, GoesOnAfterAnyMessage) {
  append({"2", "1"});
  append({"1"});
  auto chunk = source_.read(0, 100, {});
  ASSERT_TRUE(chunk);
  ASSERT_EQ(chunk->messages.size(), 4U);
  EXPECT_EQ(read_all(100, chunk->messages[0].number), (std::vector<std::string>{"1.1", "2.0", "3.0"}));
  EXPECT_EQ(read_all(100, chunk->messages[2].number), (std::vector<std::string>{"3.0"}));
}

TEST_F(JournalSourceTest, MessagesThatNobodyWantsLeaveTheOthersTheirNumbers) {
  append({"3", "1"});
  append({"2"});
  auto all = source_.read(0, 100, {});
  auto some = source_.read(0, 100, std::vector<std::string>{"b"});
  ASSERT_TRUE(all && some);
  ASSERT_EQ(some->messages.size(), 2U);
  EXPECT_EQ(some->messages[0].message.id, "1.1");
  EXPECT_EQ(some->messages[0].number, all->messages[1].number);
  EXPECT_EQ(some->messages[1].message.id, "3.1");
  EXPECT_EQ(some->messages[1].number, all->messages[5].number);
  EXPECT_EQ(some->reached, all->reached);
}

TEST_F(JournalSourceTest, WhoWantsNothingOfItIsAtItsEndAtOnce) {
  int asked = 0;
  JournalSource source(feed_, *tables_, "told",
                       [&](const JournalEvent& event, std::vector<broker::Message>& out) {
                         ++asked;
                         return as_many_as_it_says(event, out);
                       },
                       {"a", "b", "c"});
  EXPECT_EQ(source.read(0, 100, std::vector<std::string>{"z"})->reached, 0U);
  append({"3", "1"});
  append({"2"});
  auto none = source.read(0, 1, std::vector<std::string>{"z"});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->messages.empty());
  EXPECT_EQ(none->reached, source_.read(0, 100, {})->reached);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(source.read(0, 100, std::vector<std::string>{"z", "c"})->messages.size(), 1U);
}

TEST_F(JournalSourceTest, SaysThatRecordsWithoutMessagesHaveBeenLookedAt) {
  append({"0"});
  append({"0", "0"});
  auto chunk = source_.read(0, 100, {});
  ASSERT_TRUE(chunk);
  EXPECT_TRUE(chunk->messages.empty());
  EXPECT_GT(chunk->reached, 0U);
  auto again = source_.read(chunk->reached, 100, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->reached, chunk->reached);
}

TEST_F(JournalSourceTest, KeepsItsPositionAndRepeatsARecordThatWasPublishedInPart) {
  append({"1"});
  append({"2"});
  append({"1"});
  auto chunk = source_.read(0, 100, {});
  ASSERT_TRUE(chunk);
  ASSERT_TRUE(source_.set_published(chunk->messages[1].number));  // the first of the second record
  JournalSource restarted(feed_, *tables_, "messages", as_many_as_it_says);
  auto published = restarted.published();
  ASSERT_TRUE(published);
  EXPECT_EQ(read_all(100, *published), (std::vector<std::string>{"2.0", "2.1", "3.0"}));
  ASSERT_TRUE(restarted.set_published(chunk->reached));
  ASSERT_TRUE(restarted.set_published(chunk->messages[0].number)) << "never backwards";
  EXPECT_EQ(*restarted.published(), chunk->reached);
}

TEST_F(JournalSourceTest, StopsAtAnEventItCannotRead) {
  JournalSource broken(feed_, *tables_, "broken", [](const JournalEvent&, std::vector<broker::Message>&) {
    return Status(fail(Errc::kCorrupt, "no such event"));
  });
  append({"1"});
  auto chunk = broken.read(0, 100, {});
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, Errc::kCorrupt);
}

}  // namespace
}  // namespace ducat::kernel
