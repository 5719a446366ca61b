// The consumer against a broker in the test's hand: order, concurrency, pauses, dead letters, stopping.
#include "platform/broker/consumer.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

#include "base/testing/eventually.h"
#include "platform/broker/dead_letters.h"
#include "platform/broker/testing/fake_broker.h"

namespace ducat::broker::testing {
namespace {

// Timers whose time has come when the test says so; it sees the delays.
class ManualTimers final : public Timers {
 public:
  Id after(Duration delay, Executor& executor, Work work) override {
    std::lock_guard lock(mutex_);
    waiting_.emplace(++last_, Entry{&executor, std::move(work)});
    delays_.push_back(delay);
    return last_;
  }
  bool cancel(Id id) override {
    std::lock_guard lock(mutex_);
    return waiting_.erase(id) == 1;
  }
  void fire_all() {
    std::lock_guard lock(mutex_);
    for (auto& [id, entry] : waiting_) entry.executor->post(std::move(entry.work));
    waiting_.clear();
  }
  size_t waiting() const {
    std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  std::vector<int64_t> delays_in_millis() const {
    std::lock_guard lock(mutex_);
    std::vector<int64_t> millis;
    for (Duration delay : delays_) millis.push_back(delay.micros / 1000);
    return millis;
  }

 private:
  struct Entry {
    Executor* executor;
    Work work;
  };
  mutable std::mutex mutex_;
  std::map<Id, Entry> waiting_;
  Id last_ = 0;
  std::vector<Duration> delays_;
};

struct FixedClock final : Clock {
  Timestamp now() override { return {1'767'323'045'678'000}; }
  Timestamp monotonic() override { return {}; }
};

// Handlers that wait for the test's answer, and what was called.
class Desk {
 public:
  Task<Status> handle(const Message& message, Executor& home) {
    std::string id = message.id;
    note(id);
    struct Awaiter {
      Desk& desk;
      std::string id;
      Executor& home;
      Status answer;
      bool await_ready() { return desk.take_ready(id, answer); }
      void await_suspend(std::coroutine_handle<> caller) { desk.wait(id, {&answer, &home, caller}); }
      Status await_resume() { return std::move(answer); }
      Awaiter(Desk& d, std::string i, Executor& h) : desk(d), id(std::move(i)), home(h) {}
    };
    Awaiter waiting(*this, id, home);
    co_return co_await waiting;
  }
  // Every call for this id is answered at once, or only when `answer` says.
  void always(const std::string& id, Status status) {
    std::lock_guard lock(mutex_);
    ready_.insert_or_assign(id, std::move(status));
  }
  bool answer(const std::string& id, Status status) {
    std::lock_guard lock(mutex_);
    auto found = open_.find(id);
    if (found == open_.end()) return false;
    Open open = found->second;
    open_.erase(found);
    *open.into = std::move(status);
    open.home->post([caller = open.caller] { caller.resume(); });
    return true;
  }
  std::vector<std::string> called() const {
    std::lock_guard lock(mutex_);
    return called_;
  }
  size_t calls(const std::string& id) const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count(called_.begin(), called_.end(), id));
  }

 private:
  struct Open {
    Status* into;
    Executor* home;
    std::coroutine_handle<> caller;
  };
  void note(const std::string& id) {
    std::lock_guard lock(mutex_);
    called_.push_back(id);
  }
  bool take_ready(const std::string& id, Status& answer) {
    std::lock_guard lock(mutex_);
    auto found = ready_.find(id);
    if (found == ready_.end()) return false;
    answer = found->second;
    return true;
  }
  void wait(const std::string& id, Open open) {
    std::lock_guard lock(mutex_);
    open_.insert_or_assign(id, open);
  }

  mutable std::mutex mutex_;
  std::vector<std::string> called_;
  std::map<std::string, Status> ready_;
  std::map<std::string, Open> open_;
};

class ConsumerTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (consumer_) stop();
  }
  void begin(int retries = 3, bool keep_order = true) {
    ConsumerOptions options;
    options.keep_order = keep_order;
    options.subscription = {"orders", {}, "billing", 100};
    options.retries = retries;
    options.clock = &clock_;
    consumer_ = std::make_unique<Consumer>(
        broker_, timers_, home_, options,
        [this](const Message& message, Executor& home) { return desk_.handle(message, home); });
    ASSERT_TRUE(consumer_->start());
  }
  void stop() {
    std::promise<void> stopped;
    consumer_->stop([&] { stopped.set_value(); });
    ASSERT_EQ(stopped.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
    consumer_.reset();
  }
  void deliver(const std::string& id, const std::string& key, const std::string& stream = "orders") {
    broker_.deliver(stream, {{{stream, "order.placed", key, id, "{}", {}}, 1, ++last_tag_}});
  }
  // Everything posted to the consumer's executor so far has run.
  void settle() {
    for (int hop = 0; hop < 4; ++hop) {
      std::promise<void> passed;
      home_.post([&] { passed.set_value(); });
      passed.get_future().wait();
    }
  }
  using Ids = std::vector<std::string>;
  using Tags = std::vector<uint64_t>;

  FixedClock clock_;
  ManualTimers timers_;
  FakeBroker broker_;
  Desk desk_;
  uint64_t last_tag_ = 0;
  ThreadExecutor home_{"home"};
  std::unique_ptr<Consumer> consumer_;
};

const Status kDone;
Status away() {
  return fail(Errc::kUnavailable, "away");
}

TEST_F(ConsumerTest, HandlesOneMessageOfAKeyAtATimeInOrder) {
  begin();
  for (const char* id : {"a1", "a2", "a3"}) deliver(id, "a");
  settle();
  EXPECT_EQ(desk_.called(), Ids{"a1"});
  desk_.answer("a1", kDone);
  settle();
  EXPECT_EQ(desk_.called(), (Ids{"a1", "a2"}));
  EXPECT_EQ(broker_.acknowledged(), Tags{1});
  desk_.answer("a2", kDone);
  settle();
  desk_.answer("a3", kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), (Tags{1, 2, 3}));
  EXPECT_EQ(consumer_->stats().handled, 3U);
  EXPECT_EQ(consumer_->stats().in_flight, 0U);
}

TEST_F(ConsumerTest, DifferentKeysAndMessagesWithoutOneRunAtTheSameTime) {
  begin();
  deliver("a1", "a");
  deliver("b1", "b");
  deliver("x", "");
  deliver("y", "");
  settle();
  EXPECT_EQ(desk_.called(), (Ids{"a1", "b1", "x", "y"}));
  for (const char* id : {"y", "x", "b1", "a1"}) desk_.answer(id, kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), (Tags{4, 3, 2, 1}));
}

TEST_F(ConsumerTest, WhereOrderDoesNotMatterAKeysMessagesRunAtTheSameTime) {
  begin(3, false);
  for (const char* id : {"a1", "a2", "a3"}) deliver(id, "a");
  settle();
  EXPECT_EQ(desk_.called(), (Ids{"a1", "a2", "a3"}));
  desk_.answer("a1", away());
  for (const char* id : {"a3", "a2"}) desk_.answer(id, kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), (Tags{3, 2}));
  timers_.fire_all();
  settle();
  desk_.answer("a1", kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), (Tags{3, 2, 1}));
}

TEST_F(ConsumerTest, AMessageThatWaitsForItsRetryHoldsBackItsKeyAndNoOther) {
  begin();
  deliver("a1", "a");
  deliver("a2", "a");
  deliver("b1", "b");
  settle();
  desk_.answer("a1", away());
  desk_.answer("b1", kDone);
  settle();
  EXPECT_EQ(desk_.calls("a2"), 0U);
  EXPECT_EQ(broker_.acknowledged(), Tags{3});
  EXPECT_EQ(consumer_->stats().trouble, "away");
  timers_.fire_all();
  settle();
  EXPECT_EQ(desk_.calls("a1"), 2U);
  desk_.answer("a1", kDone);
  settle();
  EXPECT_EQ(desk_.calls("a2"), 1U);
  desk_.answer("a2", kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), (Tags{3, 1, 2}));
  EXPECT_EQ(consumer_->stats().trouble, "");
}

TEST_F(ConsumerTest, PausesDoubleAndAfterTheLastAttemptTheMessageIsPutAside) {
  begin(3);
  desk_.always("a1", away());
  deliver("a1", "a");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    settle();
    timers_.fire_all();
  }
  settle();
  EXPECT_EQ(desk_.calls("a1"), 4U);
  EXPECT_EQ(timers_.delays_in_millis(), (std::vector<int64_t>{1000, 2000, 4000}));
  ASSERT_EQ(broker_.published().size(), 1U);
  Message letter = broker_.published()[0];
  EXPECT_EQ(letter.stream, "billing.dlq");
  EXPECT_EQ(letter.type, "order.placed");
  EXPECT_EQ(header(letter, kDeadReason), "away");
  EXPECT_EQ(header(letter, kDeadAttempts), "4");
  EXPECT_EQ(header(letter, kDeadStream), "orders");
  EXPECT_EQ(header(letter, kDeadType), "order.placed");
  EXPECT_EQ(header(letter, kDeadId), "a1");
  EXPECT_EQ(header(letter, kDeadAt), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(broker_.acknowledged(), Tags{1});
  EXPECT_EQ(consumer_->stats().dead, 1U);
}

TEST_F(ConsumerTest, WithoutALimitItTriesForAsLongAsItTakes) {
  begin(-1);
  desk_.always("a1", away());
  deliver("a1", "a");
  for (int attempt = 1; attempt <= 10; ++attempt) {
    settle();
    timers_.fire_all();
  }
  settle();
  EXPECT_EQ(desk_.calls("a1"), 11U);
  EXPECT_TRUE(broker_.published().empty());
  EXPECT_EQ(timers_.delays_in_millis().back(), 30'000);
  desk_.always("a1", kDone);
  timers_.fire_all();
  settle();
  EXPECT_EQ(broker_.acknowledged(), Tags{1});
}

TEST_F(ConsumerTest, AMessageIsNotAcknowledgedBeforeItsDeadLetterIsConfirmed) {
  begin();
  broker_.fail_next(2);
  desk_.always("a1", fail(Errc::kInvalid, "broken"));
  deliver("a1", "a");
  deliver("a2", "a");
  settle();
  EXPECT_TRUE(broker_.acknowledged().empty());
  EXPECT_EQ(desk_.calls("a2"), 0U);
  timers_.fire_all();
  settle();
  EXPECT_TRUE(broker_.acknowledged().empty());
  timers_.fire_all();
  settle();
  EXPECT_EQ(broker_.acknowledged(), Tags{1});
  EXPECT_EQ(broker_.published().size(), 1U);
  EXPECT_EQ(desk_.calls("a1"), 1U);
  EXPECT_EQ(desk_.calls("a2"), 1U);
  desk_.answer("a2", kDone);
}

TEST_F(ConsumerTest, ARepeatOfWhatIsBeingHandledIsNotHandledBesideIt) {
  begin();
  deliver("a1", "a");
  deliver("a1", "a");
  deliver("x", "");
  deliver("x", "");
  settle();
  EXPECT_EQ(desk_.called(), (Ids{"a1", "x"}));
  desk_.answer("a1", kDone);
  desk_.answer("x", kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), (Tags{1, 2, 3, 4})) << "both deliveries of each";
  EXPECT_EQ(consumer_->stats().handled, 2U);
}

TEST_F(ConsumerTest, ReadsWhatWasRedrivenUnderItsOldId) {
  begin();
  Message original{"orders", "order.placed", "a", "a1", "{}", {}};
  Message letter = make_dead_letter(original, "billing", {Errc::kInvalid, "broken"}, 1, clock_.now());
  EXPECT_NE(letter.id, "a1");
  Message redriven = make_redriven(letter, "billing");
  EXPECT_EQ(redriven.stream, "billing.retry");
  broker_.deliver("billing.retry", {{redriven, 1, 77}});
  settle();
  EXPECT_EQ(desk_.called(), Ids{"a1"});
  desk_.answer("a1", kDone);
  settle();
  EXPECT_EQ(broker_.acknowledged(), Tags{77});
}

TEST_F(ConsumerTest, StopWaitsForHandlersAndForNothingElse) {
  begin();
  deliver("a1", "a");
  deliver("a2", "a");
  deliver("b1", "b");
  settle();
  desk_.answer("b1", away());  // waits for its retry
  settle();
  std::atomic<bool> stopped{false};
  consumer_->stop([&] { stopped = true; });
  settle();
  EXPECT_FALSE(stopped) << "a1 is being handled";
  desk_.answer("a1", kDone);
  settle();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(broker_.acknowledged(), Tags{1}) << "its effect is durable; the others come again";
  EXPECT_EQ(desk_.calls("a2"), 0U);
  EXPECT_EQ(timers_.waiting(), 0U);
  consumer_.reset();
}

TEST(DeadLetters, ReasonsAreCutToOneShortLineWithWholeCharacters) {
  std::string reason = "first\nsecond\t" + std::string(484, 'x') + "\xE2\x82\xAC\xE2\x82\xAC";
  Message letter = make_dead_letter({"s", "t", "k", "i", "{}", {}}, "g", {Errc::kInvalid, reason}, 1, {});
  std::string_view kept = header(letter, kDeadReason);
  EXPECT_TRUE(kept.starts_with("first second x"));
  EXPECT_EQ(kept.size(), 500U);
  EXPECT_TRUE(kept.ends_with("\xE2\x82\xAC"));
}

TEST(DeadLetters, ASecondDeathHasAnotherIdAndTheReasonOfTheLast) {
  Message original{"s", "t", "k", "i", "{}", {{"tenant", "one"}}};
  Message first = make_dead_letter(original, "g", {Errc::kInvalid, "first"}, 1, {1000});
  Message again = make_redriven(first, "g");
  restore_id(again);
  EXPECT_EQ(again.id, "i");
  Message second = make_dead_letter(again, "g", {Errc::kInvalid, "second"}, 2, {2000});
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(second.headers.size(), first.headers.size());
  EXPECT_EQ(header(second, kDeadReason), "second");
  EXPECT_EQ(header(second, kDeadId), "i");
  EXPECT_EQ(header(second, "tenant"), "one");
}

}  // namespace
}  // namespace ducat::broker::testing
