#include "sim/world/sim_broker.h"

#include <gtest/gtest.h>

#include "sim/world/sim_broker_client.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kMaxSteps = 200'000;
constexpr int kMessages = 60;
constexpr int kKeys = 4;

SimBrokerPlan bad_day(bool keeps_order) {
  SimBrokerPlan plan;
  plan.keeps_order = keeps_order;
  plan.refuses = plan.forgets = plan.repeats = plan.loses = plan.delays = 3;
  plan.usual = Duration::millis(5);
  plan.longest = Duration::millis(300);
  plan.outage_every = Duration::millis(200);
  plan.outage = Duration::millis(100);
  return plan;
}

// A journal of numbered messages, with its position.
class Numbers final : public broker::Source {
 public:
  Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string>) override {
    Chunk chunk{.messages = {}, .reached = after};
    for (; chunk.reached < kMessages && chunk.messages.size() < std::min<size_t>(limit, 7);) {
      uint64_t number = ++chunk.reached;
      broker::Message message;
      message.key = "key-" + std::to_string(number % kKeys);
      message.id = std::to_string(number);
      chunk.messages.push_back({number, std::move(message)});
    }
    return chunk;
  }
  uint64_t listen(std::function<void()>) override { return 1; }
  void unlisten(uint64_t) override {}
  Result<uint64_t> published() override { return position; }
  Status set_published(uint64_t number) override {
    position = number;
    return {};
  }
  uint64_t position = 0;
};

// A process that publishes all of the numbers, and one that takes them.
struct Pair {
  Pair(World& w, SimBroker& broker) : world(w), sender(w, broker, "sender"), taker(w, broker, "taker") {}
  ~Pair() {
    sender.disconnect();
    taker.disconnect();
    world.scheduler().drop_all();
  }
  void begin() {
    ASSERT_TRUE(sender.feed("numbers", numbers));
    auto made = taker.subscribe({"numbers", {}, "group", 8}, world.scheduler().executor("taker"),
                                [this](std::vector<broker::Delivery> some) {
                                  for (broker::Delivery& each : some) take(each);
                                });
    ASSERT_TRUE(made);
    subscription = std::move(*made);
  }
  void take(const broker::Delivery& delivery) {
    taken.push_back(std::stoull(delivery.message.id));
    subscription->acknowledge(delivery.tag);
  }
  World& world;
  Numbers numbers;
  SimBrokerClient sender, taker;
  std::unique_ptr<broker::Subscription> subscription;
  std::vector<uint64_t> taken;
};

std::vector<uint64_t> run(uint64_t seed, bool keeps_order, uint64_t* hash = nullptr) {
  World world(seed);
  SimBroker broker(world, bad_day(keeps_order));
  Pair pair(world, broker);
  pair.begin();
  auto all_came = [&] {
    return std::set<uint64_t>(pair.taken.begin(), pair.taken.end()).size() == kMessages;
  };
  Status done = world.scheduler().run_until(all_came, kMaxSteps);
  EXPECT_TRUE(done) << done.error().message;
  broker.heal();
  done = world.scheduler().run_until([&] { return broker.idle() && pair.numbers.position == kMessages; },
                                     kMaxSteps);
  EXPECT_TRUE(done) << done.error().message;
  if (hash != nullptr) *hash = world.trace().hash();
  return pair.taken;
}

// Whether every message's first coming is in its key's order.
bool in_order(const std::vector<uint64_t>& taken) {
  std::map<uint64_t, uint64_t> newest;
  std::set<uint64_t> seen;
  for (uint64_t number : taken) {
    if (!seen.insert(number).second) continue;
    if (number < newest[number % kKeys]) return false;
    newest[number % kKeys] = number;
  }
  return true;
}

TEST(SimBroker, DeliversEverythingAtLeastOnceAndSomeThingsTwice) {
  size_t deliveries = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) deliveries += run(seed, true).size();
  EXPECT_GT(deliveries, 10U * kMessages + 50);
}

TEST(SimBroker, KeepsTheOrderOfAKeyIfItIsToAndElseDoesNot) {
  int disorders = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_TRUE(in_order(run(seed, true))) << "seed " << seed;
    disorders += !in_order(run(seed, false));
  }
  EXPECT_GT(disorders, 5);
}

TEST(SimBroker, TheSameSeedIsTheSameRun) {
  uint64_t one = 0, two = 0;
  EXPECT_EQ(run(7, false, &one), run(7, false, &two));
  EXPECT_EQ(one, two);
}

TEST(SimBroker, WhatADeadMemberHasNotAcknowledgedComesToTheNextOne) {
  World world(1);
  SimBrokerPlan plan;
  plan.usual = Duration::millis(1);
  SimBroker broker(world, plan);
  Executor& home = world.scheduler().executor("home");
  auto first = std::make_shared<SimSession>(SimSession{"first", true});
  auto second = std::make_shared<SimSession>(SimSession{"second", true});
  int to_first = 0, to_second = 0;
  ASSERT_TRUE(broker.join({"s", {}, "g", 8}, first, home, [&](auto some) { to_first += int(some.size()); }));
  EXPECT_FALSE(broker.join({"s", {}, "g", 8}, second, home, [](auto) {})) << "a group has one member";
  broker::Message message;
  message.stream = "s";
  message.id = "1";
  Status told = fail(Errc::kTimeout, "nothing was told");
  broker.publish(first, {message}, [&](Status status) { told = std::move(status); });
  ASSERT_TRUE(world.scheduler().run_until([&] { return to_first == 1 && told.has_value(); }, kMaxSteps));
  broker.end(first);
  ASSERT_TRUE(
      broker.join({"s", {}, "g", 8}, second, home, [&](auto some) { to_second += int(some.size()); }));
  ASSERT_TRUE(world.scheduler().run_until([&] { return to_second == 1; }, kMaxSteps));
  EXPECT_EQ(to_first, 1);
  broker.end(second);
}

}  // namespace
}  // namespace ducat::sim
