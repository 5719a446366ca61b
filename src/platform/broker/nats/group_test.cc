// What a group on NATS sees when one of its members dies, or others publish to its stream at the same time.
#include <gtest/gtest.h>
#include <nats/nats.h>

#include <future>

#include "base/system.h"
#include "base/testing/eventually.h"
#include "platform/broker/nats/nats.h"
#include "platform/broker/testing/broker_fixture.h"
#include "platform/broker/testing/nats_server.h"

namespace ducat::broker::testing {
namespace {

class NatsGroup : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::string why = NatsServer::missing(); !why.empty()) {
      if (server_required()) FAIL() << why;
      GTEST_SKIP() << "skipped: " << why;
    }
    auto started = NatsServer::start();
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    broker_ = make();
    StreamSpec spec;
    spec.name = "orders";
    spec.type_prefixes = {"orders."};
    ASSERT_TRUE(broker_->declare(spec));
  }
  void TearDown() override {
    if (broker_) broker_->stop();
  }
  std::unique_ptr<Broker> make() {
    NatsOptions options;
    options.url = server_->url();
    auto broker = make_nats_broker(options, clock_);
    Status status = broker->start();
    EXPECT_TRUE(status) << status.error().message;
    return broker;
  }
  std::unique_ptr<Inbox> inbox() {
    return std::make_unique<Inbox>(*broker_, SubscriptionOptions{"orders", {}, "group"},
                                   Inbox::Mode::kAcknowledge, Duration::seconds(20));
  }
  std::future<Status> publish(Broker& broker, const std::string& key, size_t from, size_t to) {
    std::vector<Message> messages;
    for (size_t i = from; i < to; ++i)
      messages.push_back({"orders", "orders.placed", key, key + std::to_string(10'000 + i), "{}", {}});
    auto outcome = std::make_shared<std::promise<Status>>();
    broker.publish(std::move(messages), executor_,
                   [outcome](Status status) { outcome->set_value(std::move(status)); });
    return outcome->get_future();
  }

  SystemClock clock_;
  ThreadExecutor executor_{"test"};
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<Broker> broker_;
};

// Takes messages as a member of the group and is gone without a word, as a process that is killed.
void take_and_die(const std::string& url, int count) {
  natsConnection* connection = nullptr;
  jsCtx* jetstream = nullptr;
  natsSubscription* subscription = nullptr;
  natsMsgList list{};
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = "orders";
  options.Consumer = "group";
  natsStatus status = natsConnection_ConnectTo(&connection, url.c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&jetstream, connection, nullptr);
  if (status == NATS_OK)
    status = js_PullSubscribe(&subscription, jetstream, "orders.>", "group", nullptr, &options, nullptr);
  if (status == NATS_OK) status = natsSubscription_Fetch(&list, subscription, count, 5000, nullptr);
  EXPECT_EQ(status, NATS_OK) << natsStatus_GetText(status);
  EXPECT_EQ(list.Count, count);
  natsMsgList_Destroy(&list);
  natsSubscription_Destroy(subscription);
  jsCtx_Destroy(jetstream);
  natsConnection_Destroy(connection);
}

TEST_F(NatsGroup, WhatADeadMemberHeldComesBeforeWhatIsNewer) {
  auto first = inbox();
  ASSERT_TRUE(publish(*broker_, "a", 0, 10).get());
  ASSERT_TRUE(first->wait_for(10));
  first->close();
  ASSERT_TRUE(publish(*broker_, "a", 10, 40).get());
  take_and_die(server_->url(), 7);
  auto next = inbox();
  ASSERT_TRUE(next->wait_for(30));
  EXPECT_EQ(next->got().front().message.id, "a10010") << "without waiting for the time of acknowledgements";
  for (const auto& [key, ids] : next->first_of_each_key())
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

// As a server does that an operator has given a smaller limit than ours.
void limit_messages(const std::string& url, int32_t bytes) {
  natsConnection* connection = nullptr;
  jsCtx* jetstream = nullptr;
  jsStreamInfo* info = nullptr;
  natsStatus status = natsConnection_ConnectTo(&connection, url.c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&jetstream, connection, nullptr);
  if (status == NATS_OK) status = js_GetStreamInfo(&info, jetstream, "orders", nullptr, nullptr);
  if (status == NATS_OK) {
    info->Config->MaxMsgSize = bytes;
    status = js_UpdateStream(nullptr, jetstream, info->Config, nullptr, nullptr);
  }
  EXPECT_EQ(status, NATS_OK) << natsStatus_GetText(status);
  jsStreamInfo_Destroy(info);
  jsCtx_Destroy(jetstream);
  natsConnection_Destroy(connection);
}

TEST_F(NatsGroup, NothingIsStoredPastAMessageThatTheServerRefuses) {
  limit_messages(server_->url(), 1000);
  auto group = inbox();
  std::vector<Message> messages;
  for (int i = 0; i < 50; ++i) {
    messages.push_back({"orders", "orders.placed", "a", "a" + std::to_string(100 + i), "{}", {}});
    if (i == 25) messages.back().body = std::string(2000, ' ');
  }
  std::promise<Status> outcome;
  broker_->publish(messages, executor_, [&](Status status) { outcome.set_value(std::move(status)); });
  Status refused = outcome.get_future().get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalid) << refused.error().message;
  EXPECT_TRUE(publish(*broker_, "b", 0, 1).get());
  ASSERT_TRUE(group->wait_for("b10000"));
  EXPECT_EQ(group->ids().size(), 26U) << "the 25 before it, and what came later";
  EXPECT_FALSE(group->ids().contains("a126"));
}

TEST_F(NatsGroup, PublishersOfOneStreamHinderEachOtherButKeepTheirOrder) {
  auto other = make();
  auto group = inbox();
  std::vector<std::future<Status>> outcomes;
  for (size_t i = 0; i < 2000; i += 100) {
    outcomes.push_back(publish(*broker_, "a", i, i + 100));
    outcomes.push_back(publish(*other, "b", i, i + 100));
  }
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get());
  EXPECT_TRUE(group->wait_for(4000)) << group->ids().size() << " of 4000 came";
  for (const auto& [key, ids] : group->first_of_each_key())
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << key << " is out of order";
  group->close();
  other->stop();
}

}  // namespace
}  // namespace ducat::broker::testing
