// The in-process broker's own log: blocks, numbers, retention, unknown outcomes; and the window of a group.
#include "platform/broker/embedded/message_log.h"

#include <gtest/gtest.h>

#include "base/fault_point.h"
#include "platform/broker/embedded/window.h"
#include "platform/storage/open.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker {
namespace {

Message message(const std::string& id, size_t body = 2) {
  return {"s", "t", "k", id, std::string(body, 'x'), {{"name", "value"}}};
}

class MessageLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StorageTarget target;
    target.path = directory_.file("broker.db");
    target.durable = false;
    auto opened = storage::open(target);
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = std::move(*opened);
    reopen();
    declare(Duration::seconds(1000), int64_t{1} << 30);
  }
  // As a new process: nothing is remembered.
  void reopen() {
    log_ = std::make_unique<MessageLog>(*database_);
    Status opened = log_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void declare(Duration retention, int64_t max_bytes) {
    StreamSpec spec;
    spec.name = "s";
    spec.retention = retention;
    spec.max_bytes = max_bytes;
    ASSERT_TRUE(log_->declare(spec));
  }
  Status append(std::vector<Message> messages, Timestamp at = {}) { return log_->append(messages, at); }
  using Numbers = std::vector<std::pair<uint64_t, std::string>>;
  Numbers read(uint64_t after, size_t limit = 100) {
    Numbers found;
    auto chunk = log_->read("s", after, limit);
    if (!chunk) {
      ADD_FAILURE() << chunk.error().message;
      return found;
    }
    for (const auto& [number, message] : chunk->messages) found.emplace_back(number, message.id);
    EXPECT_EQ(chunk->reached, found.empty() ? after : found.back().first);
    return found;
  }

  storage::TemporaryDirectory directory_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<MessageLog> log_;
};

TEST_F(MessageLogTest, NumbersGoOnWithoutGapsFromMemoryAndFromDisk) {
  ASSERT_TRUE(append({message("a"), message("b")}));
  ASSERT_TRUE(append({message("c")}));
  const Numbers all{{1, "a"}, {2, "b"}, {3, "c"}};
  EXPECT_EQ(read(0), all);
  reopen();
  EXPECT_EQ(read(0), all);
  EXPECT_EQ(read(1), (Numbers{{2, "b"}, {3, "c"}}));
  EXPECT_EQ(read(0, 1), (Numbers{{1, "a"}}));
  EXPECT_EQ(read(3), Numbers{});
  ASSERT_TRUE(append({message("d")}));
  EXPECT_EQ(read(3), (Numbers{{4, "d"}}));
  EXPECT_EQ(read(1), (Numbers{{2, "b"}, {3, "c"}, {4, "d"}})) << "memory begins after it";
}

TEST_F(MessageLogTest, ManyMessagesAreSplitIntoBlocksAndReadInPieces) {
  std::vector<Message> many;
  for (int i = 1; i <= 5000; ++i) many.push_back(message(std::to_string(i), 1000));
  ASSERT_TRUE(append(many));
  reopen();
  uint64_t after = 0;
  while (after < 5000) {
    Numbers some = read(after, 700);
    ASSERT_FALSE(some.empty());
    for (const auto& [number, id] : some) {
      ASSERT_EQ(number, ++after);
      ASSERT_EQ(id, std::to_string(number));
    }
  }
}

TEST_F(MessageLogTest, RetentionTakesWhatIsOldAndNumbersGoOn) {
  ASSERT_TRUE(append({message("old")}, Timestamp{0}));
  ASSERT_TRUE(append({message("new")}, Timestamp{0} + Duration::seconds(900)));
  ASSERT_TRUE(log_->apply_retention(Timestamp{0} + Duration::seconds(1001)));
  EXPECT_EQ(read(0), (Numbers{{2, "new"}}));
  ASSERT_TRUE(log_->apply_retention(Timestamp{0} + Duration::seconds(5000)));
  EXPECT_EQ(read(0), Numbers{});
  reopen();
  EXPECT_EQ(read(0), Numbers{});
  ASSERT_TRUE(append({message("next")}, Timestamp{0} + Duration::seconds(5000)));
  EXPECT_EQ(read(0), (Numbers{{3, "next"}})) << "a number is not used twice";
}

TEST_F(MessageLogTest, RetentionTakesTheOldestWhenThereIsTooMuch) {
  declare(Duration::seconds(1000), 2500);
  for (const char* id : {"a", "b", "c", "d"}) ASSERT_TRUE(append({message(id, 1000)}));
  ASSERT_TRUE(log_->apply_retention(Timestamp{0}));
  EXPECT_EQ(read(0), (Numbers{{3, "c"}, {4, "d"}}));
}

TEST_F(MessageLogTest, AnAppendWithAnUnknownOutcomeMakesNoNumberTwice) {
  ASSERT_TRUE(append({message("a")}));
  {
    ArmedFault fault("storage.commit.after", [] { return fail(Errc::kTimeout, "unknown"); });
    ASSERT_FALSE(append({message("perhaps")}));
  }
  ASSERT_TRUE(append({message("perhaps")})) << "it is tried again";
  reopen();
  EXPECT_EQ(read(0), (Numbers{{1, "a"}, {2, "perhaps"}, {3, "perhaps"}}));
}

TEST_F(MessageLogTest, AFailedAppendLeavesNothing) {
  {
    ArmedFault fault("storage.commit.before", [] { return fail(Errc::kFull, "no room"); });
    ASSERT_FALSE(append({message("a")}));
  }
  EXPECT_EQ(read(0), Numbers{});
  ASSERT_TRUE(append({message("b")}));
  EXPECT_EQ(read(0), (Numbers{{1, "b"}}));
}

TEST_F(MessageLogTest, DamageIsFound) {
  ASSERT_TRUE(append({message("a")}));
  auto connection = database_->connect(storage::Access::kWriter);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(
      (*connection)->script("UPDATE broker_blocks SET messages = CAST(substr(messages, 1, 20) AS BLOB)"));
  reopen();
  auto chunk = log_->read("s", 0, 10);
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, Errc::kCorrupt);
}

TEST_F(MessageLogTest, PositionsOutliveTheProcess) {
  std::vector<GroupPosition> positions{{"s", "g", 0, 7}, {"s", "g", 1, 9}, {"s", "other", 0, 3}};
  ASSERT_TRUE(log_->save(positions));
  positions = {{"s", "g", 1, 12}};
  ASSERT_TRUE(log_->save(positions));
  reopen();
  EXPECT_EQ(*log_->positions("s", "g"), (std::map<uint64_t, uint64_t>{{0, 7}, {1, 12}}));
}

TEST(MessageBlockTest, IsWhatWasEncodedAndNothingElse) {
  MessageBlock block{.first = 12, .messages = {message("a"), message("b")}};
  std::string bytes = encode_block(block);
  auto same = decode_block("s", bytes);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->first, 12U);
  EXPECT_EQ(same->messages[1].headers, block.messages[1].headers);
  EXPECT_EQ(same->messages[1].body, block.messages[1].body);
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_block("s", std::string_view(bytes).substr(0, length)));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    EXPECT_FALSE(decode_block("s", damaged)) << "byte " << at;
  }
}

TEST(WindowTest, ThePositionFollowsTheOldestThatIsOpen) {
  Window window(10);
  EXPECT_EQ(window.position(), 10U);
  uint64_t first = window.open(13, 1), second = window.open(15, 1), third = window.open(20, 1);
  window.reach(22);
  EXPECT_EQ(window.position(), 12U);
  EXPECT_FALSE(window.close(second));
  EXPECT_EQ(window.position(), 12U) << "13 is open";
  EXPECT_TRUE(window.close(first));
  EXPECT_EQ(window.position(), 19U);
  EXPECT_TRUE(window.close(third));
  EXPECT_EQ(window.position(), 22U) << "what makes no message is passed as well";
  EXPECT_FALSE(window.close(third));
  EXPECT_EQ(window.size(), 0U);
}

TEST(WindowTest, WhatAMemberLeavesWaitsInOrder) {
  Window window(0);
  uint64_t a = window.open(1, 1), b = window.open(2, 2), c = window.open(3, 1);
  EXPECT_EQ(window.abandon(1), 2U);
  EXPECT_EQ(window.waiting(), (std::set<uint64_t>{a, c}));
  window.hold_again(a, 2);
  EXPECT_EQ(window.find(a)->attempts, 2U);
  EXPECT_EQ(window.find(a)->holder, 2U);
  EXPECT_EQ(window.waiting(), std::set<uint64_t>{c});
  window.close(c);
  EXPECT_TRUE(window.waiting().empty());
  window.close(b);
  EXPECT_EQ(window.position(), 0U);
  window.close(a);
  EXPECT_EQ(window.find(a), nullptr);
}

}  // namespace
}  // namespace ducat::broker
