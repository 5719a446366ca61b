// The queue of publishers without a server: order, windows, lost connections, refusals, deadlines.
#include "platform/broker/publish_queue.h"

#include <gtest/gtest.h>

namespace ducat::broker {
namespace {

class ManualClock final : public Clock {
 public:
  Timestamp now() override { return at; }
  Timestamp monotonic() override { return at; }
  Timestamp at;
};

class InlineExecutor final : public Executor {
 public:
  void post(Work work) override { work_.push_back(std::move(work)); }
  void run() {
    auto work = std::exchange(work_, {});
    for (auto& each : work) each();
  }

 private:
  std::vector<Work> work_;
};

class PublishQueueTest : public testing::Test {
 protected:
  PublishQueueTest() : queue_({.window = 3, .time_limit = Duration::seconds(10)}, clock_) {}

  // Adds messages named by the text's characters; the outcome lands in outcomes_ as "abc:OK".
  void add(const std::string& ids, uint64_t epoch = 0) {
    std::vector<Message> messages;
    for (char id : ids) messages.push_back({"s", "t", "k", {id}, "b", {}});
    queue_.add(
        std::make_shared<std::vector<Message>>(std::move(messages)), executor_,
        [this, ids](Status status) {
          outcomes_.push_back(ids + ":" + (status ? "OK" : to_string(status.error().code)));
        },
        epoch);
  }
  // Sends what the window lets through.
  std::string send() {
    std::string sent;
    while (auto next = queue_.next().message) sent += next->id;
    return sent;
  }
  std::vector<std::string> outcomes() {
    executor_.run();
    return std::exchange(outcomes_, {});
  }
  using Outcomes = std::vector<std::string>;

  ManualClock clock_;
  InlineExecutor executor_;
  Outcomes outcomes_;
  PublishQueue queue_;
};

TEST_F(PublishQueueTest, SendsInOrderAndNoMoreThanTheWindow) {
  add("ab");
  add("cde");
  EXPECT_EQ(send(), "abc");
  queue_.confirm(1);
  EXPECT_EQ(send(), "d");
  queue_.confirm_until(3);
  EXPECT_EQ(send(), "e");
  EXPECT_EQ(outcomes(), Outcomes{"ab:OK"});
  queue_.confirm_until(5);
  EXPECT_EQ(outcomes(), Outcomes{"cde:OK"});
  EXPECT_EQ(queue_.confirmed(), 5u);
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(PublishQueueTest, ConfirmationsOutOfOrderCountOnlyFromTheBeginning) {
  add("a");
  add("b");
  EXPECT_EQ(send(), "ab");
  queue_.confirm(2);
  EXPECT_EQ(outcomes(), Outcomes{});
  queue_.confirm(1);
  EXPECT_EQ(outcomes(), (Outcomes{"a:OK", "b:OK"}));
}

TEST_F(PublishQueueTest, LostConnectionSendsAgainFromTheOldestUnconfirmed) {
  add("ab");
  add("cd");
  EXPECT_EQ(send(), "abc");
  queue_.confirm(1);
  queue_.confirm(3);  // c is stored; but b, before it, is not
  queue_.rewind();
  EXPECT_EQ(send(), "bcd");
  queue_.confirm_until(3);  // of the old connection
  EXPECT_EQ(outcomes(), Outcomes{});
  queue_.confirm_until(6);
  EXPECT_EQ(outcomes(), (Outcomes{"ab:OK", "cd:OK"}));
}

TEST_F(PublishQueueTest, RefusedMessageFailsItsCallAndNoOther) {
  add("a");
  add("bc");
  add("d");
  EXPECT_EQ(send(), "abc");
  queue_.refuse(2, {Errc::kInvalid, "too large"});
  EXPECT_EQ(outcomes(), Outcomes{"bc:invalid"});
  queue_.confirm(1);
  queue_.confirm(3);
  EXPECT_EQ(send(), "d");
  queue_.confirm(4);
  EXPECT_EQ(outcomes(), (Outcomes{"a:OK", "d:OK"}));
  EXPECT_EQ(queue_.waiting(), 0u);
  EXPECT_EQ(queue_.in_flight(), 0u);
}

TEST_F(PublishQueueTest, CallWhoseTimeIsOverFailsAndIsNotSentAgain) {
  add("ab");
  clock_.at = clock_.at + Duration::seconds(5);
  add("c");
  EXPECT_EQ(send(), "abc");
  clock_.at = clock_.at + Duration::seconds(5);
  queue_.expire("nobody there");
  EXPECT_EQ(outcomes(), Outcomes{"ab:unavailable"});
  queue_.rewind();
  EXPECT_EQ(send(), "c");
  queue_.confirm(4);
  EXPECT_EQ(outcomes(), Outcomes{"c:OK"});
}

TEST_F(PublishQueueTest, LargeBodiesFillTheWindowSooner) {
  PublishQueue queue({.window = 10, .window_bytes = 100}, clock_);
  std::vector<Message> messages(3);
  for (auto& message : messages) message.body.assign(150, 'x');
  queue.add(std::make_shared<std::vector<Message>>(std::move(messages)), executor_, nullptr);
  EXPECT_NE(queue.next().message, nullptr);
  EXPECT_EQ(queue.next().message, nullptr);
  queue.confirm(1);
  EXPECT_NE(queue.next().message, nullptr);
}

TEST_F(PublishQueueTest, MoreThanMayWaitIsRefused) {
  PublishQueue queue({.waiting = 2}, clock_);
  Errc answer{};
  queue.add(std::make_shared<std::vector<Message>>(2), executor_, nullptr);
  queue.add(std::make_shared<std::vector<Message>>(1), executor_,
            [&](Status status) { answer = status.error().code; });
  executor_.run();
  EXPECT_EQ(answer, Errc::kFull);
}

TEST_F(PublishQueueTest, NewEpochFailsWhatWaitsAndWhoHoldsTheOldOne) {
  uint64_t old = queue_.epoch();
  add("ab", old);
  EXPECT_EQ(send(), "ab");
  queue_.fail_all({Errc::kUnavailable, "another server"});
  add("c", old);
  add("d", queue_.epoch());
  EXPECT_EQ(outcomes(), (Outcomes{"ab:unavailable", "c:unavailable"}));
  EXPECT_EQ(send(), "d");
  queue_.confirm_until(3);
  EXPECT_EQ(outcomes(), Outcomes{"d:OK"});
}

TEST_F(PublishQueueTest, ClosedQueueFailsEverything) {
  add("a");
  EXPECT_EQ(send(), "a");
  queue_.close();
  add("b");
  EXPECT_EQ(outcomes(), (Outcomes{"a:cancelled", "b:cancelled"}));
}

TEST_F(PublishQueueTest, CallOfNothingIsDoneAtOnce) {
  add("");
  EXPECT_EQ(outcomes(), Outcomes{":OK"});
}

}  // namespace
}  // namespace ducat::broker
