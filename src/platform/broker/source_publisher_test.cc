// The publisher of a source: order, confirmation before the position, retries, stopping.
#include "platform/broker/source_publisher.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/testing/eventually.h"
#include "platform/broker/testing/broker_fixture.h"

namespace ducat::broker::testing {
namespace {

// Batches that wait for the test's answer. Thread-safe.
class Wire {
 public:
  PublishBatch publish() {
    return [this](Batch batch, std::function<void(Status)> done) {
      std::lock_guard lock(mutex_);
      sent_.push_back(batch);
      waiting_.push_back(std::move(done));
    };
  }
  bool answer(Status status) {
    std::function<void(Status)> done;
    {
      std::lock_guard lock(mutex_);
      if (waiting_.empty()) return false;
      done = std::move(waiting_.front());
      waiting_.pop_front();
    }
    done(std::move(status));
    return true;
  }
  size_t sent() const {
    std::lock_guard lock(mutex_);
    return sent_.size();
  }
  std::vector<std::string> ids(size_t batch) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const Message& message : *sent_.at(batch)) ids.push_back(message.id);
    return ids;
  }
  std::string stream(size_t batch) const {
    std::lock_guard lock(mutex_);
    return sent_.at(batch)->front().stream;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Batch> sent_;
  std::deque<std::function<void(Status)>> waiting_;
};

class SourcePublisherTest : public ::testing::Test {
 protected:
  static Message message(const std::string& id) { return {"its own", "t", "k", id, "{}", {}}; }
  void begin(SourcePublisherOptions options = {}) {
    options.first_pause = Duration::millis(1);
    options.longest_pause = Duration::millis(4);
    options.save_interval = Duration::millis(1);
    publisher_ =
        std::make_unique<SourcePublisher>("orders", source_, timers_, executor_, wire_.publish(), options);
    ASSERT_TRUE(publisher_->start());
  }
  using Ids = std::vector<std::string>;

  MemorySource source_;
  Wire wire_;
  ThreadExecutor executor_{"publish"};
  ThreadTimers timers_;
  std::unique_ptr<SourcePublisher> publisher_;
};

TEST_F(SourcePublisherTest, SendsOneBatchAfterTheOtherAndMovesOnlyWithTheConfirmation) {
  for (const char* id : {"a", "b", "c"}) source_.add(message(id));
  begin({.batch_messages = 2});
  ASSERT_TRUE(eventually([&] { return wire_.sent() == 1; }));
  EXPECT_EQ(wire_.ids(0), (Ids{"a", "b"}));
  EXPECT_EQ(wire_.stream(0), "orders");
  source_.add(message("d"));
  EXPECT_EQ(wire_.sent(), 1U) << "the next goes out when this one is confirmed";
  EXPECT_EQ(*source_.published(), 0U);
  EXPECT_EQ(publisher_->unpublished(), 2U);
  wire_.answer({});
  ASSERT_TRUE(eventually([&] { return wire_.sent() == 2; }));
  EXPECT_EQ(wire_.ids(1), (Ids{"c", "d"}));
  EXPECT_TRUE(eventually([&] { return source_.ids_up_to(*source_.published()) == (Ids{"a", "b"}); }));
  wire_.answer({});
  EXPECT_TRUE(eventually([&] { return *source_.published() == source_.end(); }));
  EXPECT_EQ(publisher_->published(), 4U);
}

TEST_F(SourcePublisherTest, RepeatsABatchUntilItIsConfirmedAndPassesNothingOver) {
  for (const char* id : {"a", "b"}) source_.add(message(id));
  begin({.batch_messages = 10, .batch_bytes = 1});  // both are read, each is a batch
  for (size_t attempt = 1; attempt <= 4; ++attempt) {
    ASSERT_TRUE(eventually([&] { return wire_.sent() == attempt; }));
    EXPECT_EQ(wire_.ids(attempt - 1), Ids{"a"});
    wire_.answer(attempt < 4 ? Status(fail(Errc::kUnavailable, "away")) : Status{});
    if (attempt == 3) {
      EXPECT_TRUE(eventually([&] { return publisher_->trouble() == "away"; }));
    }
  }
  ASSERT_TRUE(eventually([&] { return wire_.sent() == 5; }));
  EXPECT_EQ(wire_.ids(4), Ids{"b"});
  EXPECT_EQ(publisher_->trouble(), "");
  wire_.answer({});
}

TEST_F(SourcePublisherTest, SplitsBatchesByBytesAndSendsALargeMessageAlone) {
  for (const char* id : {"a", "b", "c"}) {
    Message large = message(id);
    large.body = std::string(id[0] == 'b' ? 1000 : 60, 'x');
    source_.add(large);
  }
  begin({.batch_messages = 10, .batch_bytes = 100});
  for (size_t batch = 0; batch < 3; ++batch) {
    ASSERT_TRUE(eventually([&] { return wire_.sent() == batch + 1; }));
    EXPECT_EQ(wire_.ids(batch).size(), 1U);
    wire_.answer({});
  }
  EXPECT_TRUE(eventually([&] { return *source_.published() == source_.end(); }));
}

TEST_F(SourcePublisherTest, FollowsEventsThatMakeNoMessage) {
  begin();
  for (int i = 0; i < 5; ++i) source_.add_silence();
  EXPECT_TRUE(eventually([&] { return *source_.published() == 5; }));
  EXPECT_EQ(wire_.sent(), 0U);
}

TEST_F(SourcePublisherTest, StopWaitsForTheBatchUnderWayAndSavesItsPosition) {
  source_.add(message("a"));
  begin();
  ASSERT_TRUE(eventually([&] { return wire_.sent() == 1; }));
  std::thread answering([&] { wire_.answer({}); });
  publisher_->stop();
  answering.join();
  EXPECT_EQ(*source_.published(), source_.end());
  EXPECT_EQ(source_.listeners(), 0U);
  source_.add(message("b"));
  publisher_.reset();
  EXPECT_EQ(wire_.sent(), 1U) << "nothing is sent after the stop";
}

TEST_F(SourcePublisherTest, StopGivesUpOnABatchThatIsNotAnsweredAndKeepsItsPosition) {
  source_.add(message("a"));
  begin({.stop_limit = Duration::millis(20)});
  ASSERT_TRUE(eventually([&] { return wire_.sent() == 1; }));
  publisher_->stop();
  EXPECT_EQ(*source_.published(), 0U);
  publisher_.reset();
  wire_.answer({});  // too late, and harmless
}

TEST_F(SourcePublisherTest, HurryingSkipsThePause) {
  source_.add(message("a"));
  publisher_ =
      std::make_unique<SourcePublisher>("orders", source_, timers_, executor_, wire_.publish(),
                                        SourcePublisherOptions{.first_pause = Duration::seconds(3600),
                                                               .longest_pause = Duration::seconds(3600)});
  ASSERT_TRUE(publisher_->start());
  ASSERT_TRUE(eventually([&] { return wire_.sent() == 1; }));
  wire_.answer(fail(Errc::kUnavailable, "away"));
  ASSERT_TRUE(eventually([&] { return publisher_->trouble() == "away"; }));
  EXPECT_TRUE(eventually([&] {
    publisher_->hurry();
    return wire_.sent() == 2;
  }));
  wire_.answer({});
}

}  // namespace
}  // namespace ducat::broker::testing
