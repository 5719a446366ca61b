// What every adapter promises, with its real server: delivery, order, groups, positions, limits and dead
// letters. What holds when servers and processes die is in broker_failures.h, feeds are in broker_feeds.h;
// an adapter's test includes all three and instantiates BrokerContract once. Nothing waits without a limit.
#pragma once

#include "base/testing/eventually.h"
#include "platform/broker/consumer.h"
#include "platform/broker/dead_letters.h"
#include "platform/broker/testing/broker_fixture.h"

namespace ducat::broker::testing {

class BrokerContract : public ::testing::TestWithParam<MakeBrokerFixture> {
 protected:
  void SetUp() override {
    fixture_ = GetParam()();
    if (fixture_ != nullptr) {
      broker_ = start();
      return;
    }
    if (server_required()) FAIL() << "the broker's server is required here";
    GTEST_SKIP() << "the broker's server is not installed";
  }
  void TearDown() override {
    if (broker_) broker_->stop();
  }

  // A new client of the server, connected.
  std::unique_ptr<Broker> start() {
    std::unique_ptr<Broker> made = fixture_->make();
    Status started = made->start();
    EXPECT_TRUE(started) << started.error().message;
    return made;
  }
  // As the process ends and begins again. Inboxes are closed before.
  void restart_client() {
    broker_->stop();
    broker_.reset();
    broker_ = start();
  }

  // A name no other test or run uses.
  static std::string unique(const std::string& name) {
    static const auto run = std::chrono::steady_clock::now().time_since_epoch().count() % 1'000'000'007;
    static int number = 0;
    return name + "_" + std::to_string(run) + "_" + std::to_string(number++);
  }
  // The name of a new group that gets all of the stream, whenever it subscribes.
  std::string group_of(const std::string& stream, const std::string& name = "group") {
    std::string group = unique(name);
    if (!fixture_->keeps_for_later_groups()) inbox(stream, group, Inbox::Mode::kKeep)->close();
    return group;
  }
  std::string declare(const std::string& name = "orders") {
    StreamSpec spec;
    spec.name = unique(name);
    spec.type_prefixes = {spec.name + "."};
    Status declared = broker_->declare(spec);
    EXPECT_TRUE(declared) << declared.error().message;
    return spec.name;
  }
  static Message message(const std::string& stream, const std::string& id, const std::string& key = "k",
                         const std::string& type = "placed") {
    return {stream, stream + "." + type, key, id, R"({"id":")" + id + R"("})", {}};
  }
  // "first" … in order, over so many keys.
  static std::vector<Message> messages(const std::string& stream, size_t from, size_t to, size_t keys = 5) {
    std::vector<Message> made;
    for (size_t i = from; i < to; ++i)
      made.push_back(message(stream, number_id(i), "key-" + std::to_string(i % keys)));
    return made;
  }
  // Ids whose order as texts is their order as numbers.
  static std::string number_id(size_t number) {
    std::string digits = std::to_string(number);
    return "m" + std::string(8 - digits.size(), '0') + digits;
  }

  Status publish(std::vector<Message> batch) { return publish(*broker_, std::move(batch)); }
  Status publish(Broker& broker, std::vector<Message> batch) {
    std::future<Status> outcome = begin_publish(broker, std::move(batch));
    if (outcome.wait_for(std::chrono::microseconds(fixture_->patience().micros)) !=
        std::future_status::ready) {
      ADD_FAILURE() << "a publish was never answered";
      return fail(Errc::kTimeout, "never answered");
    }
    return outcome.get();
  }
  std::future<Status> begin_publish(Broker& broker, std::vector<Message> batch) {
    auto promise = std::make_shared<std::promise<Status>>();
    std::future<Status> outcome = promise->get_future();
    broker.publish(std::move(batch), executor_,
                   [promise](Status status) { promise->set_value(std::move(status)); });
    return outcome;
  }
  // Publishes until it is confirmed; false if the broker does not come back in time.
  bool publish_patiently(const std::vector<Message>& batch) {
    auto give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(fixture_->patience().micros);
    while (std::chrono::steady_clock::now() < give_up) {
      if (publish(batch)) return true;
    }
    return false;
  }

  std::unique_ptr<Inbox> inbox(const std::string& stream, const std::string& group,
                               Inbox::Mode mode = Inbox::Mode::kAcknowledge, size_t max_in_flight = 1024,
                               std::vector<std::string> types = {}) {
    SubscriptionOptions options{stream, std::move(types), group, max_in_flight};
    return std::make_unique<Inbox>(*broker_, std::move(options), mode, fixture_->patience());
  }
  static void expect_order_within_keys(const Inbox& inbox) {
    for (const auto& [key, ids] : inbox.first_of_each_key())
      EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << "messages of " << key << " are out of order";
  }
  template <typename Condition>
  bool eventually(Condition condition) {
    return ducat::eventually(std::move(condition), fixture_->patience());
  }
  // A journal that outlives the brokers it is fed to, also when a test ends early.
  MemorySource& make_source(size_t overshoot = 0) {
    return *sources_.emplace_back(std::make_unique<MemorySource>(overshoot));
  }

  ThreadExecutor executor_{"contract"};
  std::vector<std::unique_ptr<MemorySource>> sources_;
  std::unique_ptr<BrokerFixture> fixture_;
  std::unique_ptr<Broker> broker_;
};

#define EXPECT_DONE(expr)                                                                              \
  do {                                                                                                 \
    auto expect_done_status = (expr);                                                                  \
    EXPECT_TRUE(expect_done_status) << #expr << ": "                                                   \
                                    << (expect_done_status ? "" : expect_done_status.error().message); \
  } while (false)

TEST_P(BrokerContract, DeliversWhatWasConfirmedToEveryGroupWithEverythingInIt) {
  std::string stream = declare();
  std::vector<Message> sent = messages(stream, 0, 200);
  sent[7].headers = {{"dead-reason", "not found: über"}, {"dead-attempts", "4"}, {"empty", ""}};
  auto one = inbox(stream, unique("one"));
  auto two = inbox(stream, unique("two"));
  for (size_t i = 0; i < sent.size(); i += 50)
    EXPECT_DONE(publish({sent.begin() + static_cast<long>(i), sent.begin() + static_cast<long>(i) + 50}));
  for (Inbox* group : {one.get(), two.get()}) {
    ASSERT_TRUE(group->wait_for(sent.size()));
    std::map<std::string, Message> got;
    for (const Delivery& delivery : group->got()) {
      EXPECT_GE(delivery.attempt, 1U);
      got[delivery.message.id] = delivery.message;
    }
    for (const Message& message : sent) {
      const Message& same = got[message.id];
      EXPECT_EQ(same.stream, message.stream);
      EXPECT_EQ(same.type, message.type);
      EXPECT_EQ(same.key, message.key);
      EXPECT_EQ(same.body, message.body);
      EXPECT_EQ(same.headers, message.headers);
    }
  }
}

TEST_P(BrokerContract, ANewGroupBeginsWithTheOldestMessageThereIs) {
  if (!fixture_->keeps_for_later_groups()) GTEST_SKIP() << "this broker keeps nothing for groups to come";
  std::string stream = declare();
  EXPECT_DONE(publish(messages(stream, 0, 30)));
  auto late = inbox(stream, unique("late"));
  EXPECT_TRUE(late->wait_for(30));
}

TEST_P(BrokerContract, KeepsTheOrderWithinAKey) {
  std::string stream = declare();
  auto group = inbox(stream, unique("group"));
  std::vector<std::future<Status>> outcomes;
  for (size_t i = 0; i < 100; ++i)
    outcomes.push_back(begin_publish(*broker_, messages(stream, i * 10, i * 10 + 10, 7)));
  ASSERT_TRUE(group->wait_for(1000));
  for (auto& outcome : outcomes) EXPECT_DONE(outcome.get());
  expect_order_within_keys(*group);
}

TEST_P(BrokerContract, MembersOfAGroupShareItsMessages) {
  std::string stream = declare();
  std::string group = unique("group");
  auto one = inbox(stream, group, Inbox::Mode::kKeep, 4);
  auto two = inbox(stream, group, Inbox::Mode::kKeep, 4);
  EXPECT_DONE(publish(messages(stream, 0, 200, 50)));
  EXPECT_TRUE(one->wait_for(1));
  EXPECT_TRUE(two->wait_for(1));
  one->acknowledge_all();
  two->acknowledge_all();
  auto both = [&] {
    std::set<std::string> ids = one->ids();
    ids.merge(two->ids());
    return ids.size();
  };
  EXPECT_TRUE(eventually([&] { return both() == 200; }));
  EXPECT_LT(one->got().size() + two->got().size(), 300U) << "each message goes to one of them";
}

TEST_P(BrokerContract, AMessageThatIsRejectedComesAgain) {
  std::string stream = declare();
  auto group = inbox(stream, unique("group"), Inbox::Mode::kKeep);
  EXPECT_DONE(publish({message(stream, "a")}));
  ASSERT_TRUE(group->wait_for(1));
  group->reject(group->got()[0].tag);
  ASSERT_TRUE(group->wait([](const auto& got) { return got.size() >= 2; }));
  EXPECT_EQ(group->got()[1].message.id, "a");
  EXPECT_EQ(group->got()[1].message.body, group->got()[0].message.body);
  group->acknowledge_all();
}

TEST_P(BrokerContract, WhatWasNotAcknowledgedGoesToTheNextMember) {
  std::string stream = declare();
  std::string group = group_of(stream);
  EXPECT_DONE(publish(messages(stream, 0, 20)));
  std::set<std::string> open;
  {
    auto dying = inbox(stream, group, Inbox::Mode::kKeep);
    ASSERT_TRUE(dying->wait_for(20));
    std::vector<Delivery> got = dying->got();
    for (size_t i = 0; i < got.size(); ++i) {
      if (i % 3 == 0) {
        dying->acknowledge(got[i].tag);
      } else {
        open.insert(got[i].message.id);
      }
    }
  }
  auto next = inbox(stream, group);
  EXPECT_TRUE(next->wait_for_all(open));
  expect_order_within_keys(*next);
}

TEST_P(BrokerContract, ASubscriptionThatIsGoneGetsNothingAnyMore) {
  std::string stream = declare();
  std::string group = unique("group");
  auto gone = inbox(stream, group);
  EXPECT_DONE(publish(messages(stream, 0, 10)));
  ASSERT_TRUE(gone->wait_for(10));
  gone->close();
  size_t had = gone->got().size();
  EXPECT_DONE(publish(messages(stream, 10, 20)));
  auto other = inbox(stream, group);
  ASSERT_TRUE(other->wait_for_all(std::set{number_id(10), number_id(19)}));
  EXPECT_EQ(gone->got().size(), had);
}

TEST_P(BrokerContract, DeliversOnlyTheTypesAsked) {
  std::string stream = declare();
  std::string placed = stream + ".placed", paid = stream + ".paid";
  auto some = inbox(stream, unique("some"), Inbox::Mode::kAcknowledge, 1024, {placed, paid});
  auto all = inbox(stream, unique("all"));
  std::vector<Message> batch;
  for (int i = 0; i < 40; ++i) {
    const char* types[] = {"placed", "shipped", "paid", "placed.twice"};
    batch.push_back(message(stream, number_id(static_cast<size_t>(i)), "k", types[i % 4]));
  }
  EXPECT_DONE(publish(batch));
  EXPECT_DONE(publish({message(stream, "last", "k", "paid")}));
  ASSERT_TRUE(some->wait_for("last"));
  ASSERT_TRUE(all->wait_for(41));
  EXPECT_EQ(some->ids().size(), 21U);
  for (const Delivery& delivery : some->got())
    EXPECT_TRUE(delivery.message.type == placed || delivery.message.type == paid) << delivery.message.type;
}

TEST_P(BrokerContract, IdsKeysAndBytesArriveAsTheyWere) {
  std::string stream = declare();
  auto group = inbox(stream, unique("group"));
  Message odd = message(stream, "id/with:odd chars, é \"quoted\" 漢 *.>", "key with spaces.*.> ü\\");
  odd.body =
      "{ \"text\":\"\\u0000 \\\" \\\\ \xC3\xA9 \xE2\x80\xA8 \xEF\xBF\xBF \xF0\x9F\x92\xB0\",\r\n\t "
      "\"n\":[0.10,1e400, "
      "12345678901234567890] }\n";
  Message longest = message(stream, std::string(255, 'i'), std::string(255, 'k'));
  Message no_key = message(stream, "no key", "");
  EXPECT_DONE(publish({odd, longest, no_key}));
  ASSERT_TRUE(group->wait_for(3));
  for (const Delivery& delivery : group->got()) {
    const Message& got = delivery.message;
    const Message& sent = got.id == odd.id ? odd : got.id == longest.id ? longest : no_key;
    EXPECT_EQ(got.id, sent.id);
    EXPECT_EQ(got.key, sent.key);
    EXPECT_EQ(got.body, sent.body);
  }
}

TEST_P(BrokerContract, CarriesTheLargestBodyAndRefusesALargerOneBeforeAnythingIsSent) {
  std::string stream = declare();
  auto group = inbox(stream, unique("group"));
  Message largest = message(stream, "largest");
  largest.body = "\"" + std::string(kLargestBody - 2, 'x') + "\"";
  Message too_large = message(stream, "too large");
  too_large.body = "\"" + std::string(kLargestBody - 1, 'x') + "\"";
  Status refused = publish({message(stream, "beside it"), too_large});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalid);
  EXPECT_DONE(publish({largest}));
  EXPECT_DONE(publish({message(stream, "last")}));
  ASSERT_TRUE(group->wait_for("last"));
  ASSERT_TRUE(group->wait_for("largest"));
  EXPECT_EQ(group->ids(), (std::set<std::string>{"largest", "last"}));
  EXPECT_EQ(group->got()[0].message.body, largest.body);
}

TEST_P(BrokerContract, HoldsBackWhatExceedsTheLimitInFlightAndLosesNothing) {
  std::string stream = declare();
  auto slow = inbox(stream, unique("slow"), Inbox::Mode::kKeep, 10);
  EXPECT_DONE(publish(messages(stream, 0, 500)));
  ASSERT_TRUE(slow->wait_for(10));
  EXPECT_DONE(publish(messages(stream, 500, 600)));
  EXPECT_EQ(slow->ids().size(), 10U) << "nothing is acknowledged, so nothing more comes";
  for (size_t done = 0; done < 600; ++done)
    ASSERT_TRUE(eventually([&] { return slow->acknowledge_one(); })) << "stalled after " << done;
  EXPECT_EQ(slow->ids().size(), 600U);
  EXPECT_LE(slow->most_held(), 10U);
  expect_order_within_keys(*slow);
}

// A client that stops for half a second with each window takes longer than that.
TEST_P(BrokerContract, ABacklogOfManyWindowsComesWithoutAPauseBetweenThem) {
  constexpr size_t kBacklog = 20'000, kBatch = 1'000, kMaxInFlight = 1'024;
  std::string stream = declare(), name = group_of(stream);
  for (size_t i = 0; i < kBacklog; i += kBatch)
    ASSERT_TRUE(publish_patiently(messages(stream, i, i + kBatch)));
  auto group = inbox(stream, name, Inbox::Mode::kAcknowledge, kMaxInFlight);
  ASSERT_TRUE(group->wait_for(1));
  auto since = std::chrono::steady_clock::now();
  ASSERT_TRUE(group->wait_for(kBacklog));
  EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(4));
}

TEST_P(BrokerContract, DeclaringAgainKeepsWhatIsThere) {
  std::string stream = declare();
  std::string name = group_of(stream);
  EXPECT_DONE(publish(messages(stream, 0, 10)));
  StreamSpec again;
  again.name = stream;
  again.type_prefixes = {stream + "."};
  again.retention = Duration::seconds(24 * 3600);
  EXPECT_DONE(broker_->declare(again));
  EXPECT_DONE(publish(messages(stream, 10, 20)));
  auto group = inbox(stream, name);
  EXPECT_TRUE(group->wait_for(20));
}

TEST_P(BrokerContract, SaysHowItIs) {
  std::string stream = declare();
  auto group = inbox(stream, unique("group"));
  EXPECT_DONE(publish(messages(stream, 0, 10)));
  ASSERT_TRUE(group->wait_for(10));
  BrokerHealth health = broker_->health();
  EXPECT_TRUE(health.connected) << health.detail;
  EXPECT_GE(health.published, 10U);
  EXPECT_GE(health.delivered, 10U);
}

// A handler that fails for what its ids say, and counts. Thread-safe.
class Calls {
 public:
  Task<Status> handle(const Message& got) {
    {
      std::lock_guard lock(mutex_);
      ++calls_[got.id];
    }
    if (got.id == "never") co_return fail(Errc::kInvalid, "no such\nuser");
    if (got.id == "not now") co_return fail(Errc::kUnavailable, "down");
    co_return Status{};
  }
  int of(const std::string& id) {
    std::lock_guard lock(mutex_);
    return calls_[id];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> calls_;
};

TEST_P(BrokerContract, AConsumerPutsAsideWhatCannotBeHandledAndGoesOn) {
  std::string stream = declare();
  std::string group = unique("group");
  ThreadExecutor home("home");
  ThreadTimers timers;
  Calls calls;
  ConsumerOptions options;
  options.subscription = {stream, {}, group, 64};
  options.first_pause = Duration::millis(5);
  options.retries = 2;
  Consumer consumer(*broker_, timers, home, options,
                    [&calls](const Message& got, Executor&) { return calls.handle(got); });
  ASSERT_TRUE(consumer.start());
  Message never = message(stream, "never", "a");
  EXPECT_DONE(publish({message(stream, "before", "a"), never, message(stream, "after", "a"),
                       message(stream, "not now", "b"), message(stream, "good", "b")}));
  ASSERT_TRUE(eventually([&] { return consumer.stats().handled == 3 && consumer.stats().dead == 2; }));
  auto dead = inbox(group + ".dlq", unique("operators"));
  ASSERT_TRUE(dead->wait_for(2));
  for (const Delivery& delivery : dead->got()) {
    std::map<std::string, std::string> headers(delivery.message.headers.begin(),
                                               delivery.message.headers.end());
    bool first = headers["dead-id"] == "never";
    EXPECT_EQ(headers["dead-reason"], first ? "no such user" : "down");
    EXPECT_EQ(headers["dead-attempts"], first ? "1" : "3");
    EXPECT_EQ(headers["dead-stream"], stream);
    EXPECT_EQ(delivery.message.type, stream + ".placed") << "what handled it before can handle it again";
    EXPECT_EQ(headers["dead-type"], stream + ".placed");
    EXPECT_FALSE(headers["dead-at"].empty());
    EXPECT_EQ(delivery.message.body, first ? never.body : message(stream, "not now").body);
  }
  EXPECT_EQ(calls.of("never"), 1);
  EXPECT_EQ(calls.of("not now"), 3);
  // What is redriven comes to this group again, under the id that its inbox knows, and may die again.
  auto letter = dead->got()[0].message.id.starts_with("never") ? dead->got()[0] : dead->got()[1];
  EXPECT_DONE(publish({make_redriven(letter.message, group)}));
  EXPECT_TRUE(eventually([&] { return consumer.stats().dead == 3; }));
  EXPECT_EQ(calls.of("never"), 2);
  EXPECT_TRUE(dead->wait_for(3)) << "a second death is not taken for a repeat";
  std::promise<void> stopped;
  consumer.stop([&] { stopped.set_value(); });
  stopped.get_future().wait();
  dead->close();
}

}  // namespace ducat::broker::testing
