// What a power cut takes from a NATS server, which syncs every two minutes: the end of a stream is cut off
// its file while the server is down.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/system.h"
#include "base/testing/eventually.h"
#include "platform/broker/nats/nats.h"
#include "platform/broker/testing/broker_fixture.h"
#include "platform/broker/testing/nats_server.h"

namespace ducat::broker::testing {
namespace {

class NatsPowerCut : public ::testing::Test {
 protected:
  static constexpr size_t kMessages = 200;

  void SetUp() override {
    if (std::string why = NatsServer::missing(); !why.empty()) {
      if (server_required()) FAIL() << why;
      GTEST_SKIP() << "skipped: " << why;
    }
    auto started = NatsServer::start();
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    broker_ = make(Duration::seconds(3600));
    declare();
  }
  void TearDown() override {
    if (broker_) broker_->stop();
  }

  std::unique_ptr<Broker> make(Duration unsynced) {
    NatsOptions options;
    options.url = server_->url();
    options.unsynced = unsynced;
    auto broker = make_nats_broker(options, clock_);
    Status status = broker->start();
    EXPECT_TRUE(status) << status.error().message;
    return broker;
  }
  void declare() {
    StreamSpec spec;
    spec.name = "orders";
    spec.type_prefixes = {"orders."};
    ASSERT_TRUE(broker_->declare(spec));
  }
  static Message message(size_t i) {
    return {"orders", "orders.placed", "key" + std::to_string(i % 3), std::to_string(1000 + i), "{}", {}};
  }
  void fill(size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) source_.add(message(i));
  }
  // Until it is confirmed.
  bool publish(size_t from, size_t to) {
    return eventually([&] {
      std::vector<Message> messages;
      for (size_t i = from; i < to; ++i) messages.push_back(message(i));
      auto outcome = std::make_shared<std::promise<bool>>();
      broker_->publish(std::move(messages), executor_,
                       [outcome](Status status) { outcome->set_value(status.has_value()); });
      return outcome->get_future().get();
    });
  }
  std::unique_ptr<Inbox> inbox(const std::string& group) {
    return std::make_unique<Inbox>(*broker_, SubscriptionOptions{"orders", {}, group},
                                   Inbox::Mode::kAcknowledge, Duration::seconds(60));
  }
  // Half of the stream's only file.
  void cut() {
    server_->kill();
    std::filesystem::path messages = server_->store() + "/jetstream/$G/streams/orders/msgs";
    std::filesystem::resize_file(messages / "1.blk", std::filesystem::file_size(messages / "1.blk") / 2);
    ASSERT_TRUE(server_->restart());
  }
  static void expect_all_in_order(Inbox& inbox, size_t count) {
    EXPECT_TRUE(inbox.wait_for(count)) << inbox.ids().size() << " of " << count << " came";
    for (const auto& [key, ids] : inbox.first_of_each_key())
      EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << key << " is out of order";
  }

  SystemClock clock_;
  ThreadExecutor executor_{"test"};
  MemorySource source_;
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<Broker> broker_;
};

TEST_F(NatsPowerCut, WhatItTookOfAFedStreamIsPublishedAgain) {
  ASSERT_TRUE(broker_->feed("orders", source_));
  auto before = inbox("before");
  fill(0, kMessages);
  ASSERT_TRUE(before->wait_for(kMessages));
  EXPECT_EQ(*source_.published(), 0U) << "nothing is surely on the server's disk";
  cut();
  auto after = inbox("after");
  expect_all_in_order(*after, kMessages);
}

TEST_F(NatsPowerCut, GroupThatHadReadWhatItTookMissesNothingThatTakesItsPlace) {
  ASSERT_TRUE(broker_->feed("orders", source_));
  auto group = inbox("group");
  fill(0, kMessages);
  ASSERT_TRUE(group->wait_for(kMessages));
  cut();
  fill(kMessages, 2 * kMessages);
  expect_all_in_order(*group, 2 * kMessages);
}

// Nobody can bring back what was published without a journal; but what takes its place must be seen.
TEST_F(NatsPowerCut, GroupBeyondTheEndOfTheStreamSeesWhatIsPublishedNext) {
  auto group = inbox("group");
  ASSERT_TRUE(publish(0, kMessages));
  ASSERT_TRUE(group->wait_for(kMessages));
  cut();
  ASSERT_TRUE(publish(kMessages, kMessages + 20));
  for (size_t i = kMessages; i < kMessages + 20; ++i)
    ASSERT_TRUE(group->wait_for(std::to_string(1000 + i))) << "skipped by the group's old position";
}

TEST_F(NatsPowerCut, ProcessThatEndedWithTheServerPublishesAgainAfterItsStart) {
  ASSERT_TRUE(broker_->feed("orders", source_));
  auto group = inbox("group");
  fill(0, kMessages);
  ASSERT_TRUE(group->wait_for(kMessages));
  group->close();
  broker_->stop();
  broker_.reset();
  cut();
  broker_ = make(Duration::seconds(3600));
  declare();
  ASSERT_TRUE(broker_->feed("orders", source_));
  fill(kMessages, 2 * kMessages);
  auto same = inbox("group");
  auto other = inbox("other");
  expect_all_in_order(*other, 2 * kMessages);
  for (size_t i = kMessages; i < 2 * kMessages; ++i)
    ASSERT_TRUE(same->wait_for(std::to_string(1000 + i))) << "skipped by the group's old position";
}

TEST_F(NatsPowerCut, PositionFollowsOnceTheServerHasSynced) {
  broker_->stop();
  broker_ = make(Duration::millis(300));
  declare();
  ASSERT_TRUE(broker_->feed("orders", source_));
  auto group = inbox("group");
  fill(0, 10);
  ASSERT_TRUE(group->wait_for(10));
  EXPECT_TRUE(eventually([&] { return *source_.published() == source_.end(); }))
      << "also when nothing more is published";
  group->close();
  broker_->stop();
}

}  // namespace
}  // namespace ducat::broker::testing
