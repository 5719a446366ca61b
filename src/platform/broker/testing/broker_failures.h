// What every adapter promises when processes end and servers are killed (broker_contract.h).
#pragma once

#include <thread>

#include "platform/broker/testing/broker_contract.h"

namespace ducat::broker::testing {

TEST_P(BrokerContract, GoesOnAfterARestartWhereItHadAcknowledged) {
  std::string stream = declare();
  std::string group = group_of(stream);
  EXPECT_DONE(publish(messages(stream, 0, 50)));
  auto before = inbox(stream, group);
  ASSERT_TRUE(before->wait_for(50));
  before->close();
  restart_client();
  EXPECT_DONE(publish(messages(stream, 50, 100)));
  auto after = inbox(stream, group);
  ASSERT_TRUE(after->wait_for(50));
  EXPECT_EQ(*after->ids().begin(), number_id(50)) << "acknowledged is not seen again";
  EXPECT_EQ(after->ids().size(), 50U);
}

TEST_P(BrokerContract, DeliversAgainAfterARestartWhatWasNotAcknowledged) {
  std::string stream = declare();
  std::string group = group_of(stream);
  EXPECT_DONE(publish(messages(stream, 0, 50)));
  auto before = inbox(stream, group, Inbox::Mode::kKeep);
  ASSERT_TRUE(before->wait_for(50));
  std::set<std::string> open = before->ids();
  for (int i = 0; i < 10; ++i) before->acknowledge_one();
  for (int i = 0; i < 10; ++i) open.erase(before->got()[static_cast<size_t>(i)].message.id);
  before->close();
  restart_client();
  auto after = inbox(stream, group);
  EXPECT_TRUE(after->wait_for_all(open));
  expect_order_within_keys(*after);
}

// The oldest stays open: a position that ran ahead to the newest acknowledgement would lose it.
TEST_P(BrokerContract, AnAcknowledgementDoesNotCoverWhatCameBeforeIt) {
  std::string stream = declare();
  std::string group = group_of(stream);
  EXPECT_DONE(publish(messages(stream, 0, 20, 20)));
  auto before = inbox(stream, group, Inbox::Mode::kKeep);
  ASSERT_TRUE(before->wait_for(20));
  std::string oldest = before->got()[0].message.id;
  for (const Delivery& delivery : before->got()) {
    if (delivery.message.id != oldest) before->acknowledge(delivery.tag);
  }
  before->close();
  restart_client();
  auto after = inbox(stream, group);
  EXPECT_TRUE(after->wait_for(oldest));
}

TEST_P(BrokerContract, APublishFailsInTimeWhileTheServerIsAwayAndWorksAfterwards) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery has no server";
  std::string stream = declare();
  std::string name = group_of(stream);
  EXPECT_DONE(publish(messages(stream, 0, 10)));
  fixture_->kill_server();
  Status away = publish(messages(stream, 10, 20));
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().retryable()) << away.error().message;
  EXPECT_TRUE(eventually([&] { return !broker_->health().connected; }));
  EXPECT_DONE(fixture_->restart_server());
  EXPECT_TRUE(publish_patiently(messages(stream, 10, 20)));
  EXPECT_TRUE(eventually([&] { return broker_->health().connected; }));
  auto group = inbox(stream, name);
  EXPECT_TRUE(group->wait_for(20));
  expect_order_within_keys(*group);
}

TEST_P(BrokerContract, LosesNothingThatWasConfirmedWhenTheServerIsKilled) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery has no server";
  std::string stream = declare();
  auto group = inbox(stream, unique("group"), Inbox::Mode::kAcknowledge, 100);
  constexpr size_t kBatch = 10;
  std::atomic<size_t> confirmed{0};
  std::atomic<bool> stopping{false};
  std::thread publisher([&] {
    while (!stopping) {
      // Repeated until it is confirmed, so that each key keeps its order.
      if (!publish_patiently(messages(stream, confirmed, confirmed + kBatch))) return;
      confirmed += kBatch;
    }
  });
  EXPECT_TRUE(eventually([&] { return confirmed > 300; }));
  for (int kill = 0; kill < 2; ++kill) {
    fixture_->kill_server();
    EXPECT_DONE(fixture_->restart_server());
    size_t before = confirmed;
    EXPECT_TRUE(eventually([&] { return confirmed > before + 300; })) << "publishing goes on";
  }
  stopping = true;
  publisher.join();
  std::vector<std::string> wanted;
  for (size_t i = 0; i < confirmed; ++i) wanted.push_back(number_id(i));
  EXPECT_TRUE(group->wait_for_all(wanted)) << group->ids().size() << " of " << wanted.size() << " came";
  expect_order_within_keys(*group);
  // The group, too, is what it was: what it acknowledges now it does not see after a restart.
  group->close();
}

TEST_P(BrokerContract, DeliveriesGoOnAfterTheServerWasKilled) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery has no server";
  std::string stream = declare();
  auto group = inbox(stream, unique("group"), Inbox::Mode::kKeep, 50);
  EXPECT_DONE(publish(messages(stream, 0, 200)));
  ASSERT_TRUE(group->wait_for(50));
  fixture_->kill_server();
  // Acknowledged while nobody hears it: it may come again, and must not be in the way of anything.
  for (int i = 0; i < 20; ++i) group->acknowledge_one();
  EXPECT_DONE(fixture_->restart_server());
  group->acknowledge_all();
  EXPECT_TRUE(group->wait_for(200)) << group->ids().size() << " of 200 came";
  expect_order_within_keys(*group);
}

TEST_P(BrokerContract, StartSaysThatThereIsNoServer) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery has no server";
  fixture_->kill_server();
  std::unique_ptr<Broker> alone = fixture_->make();
  Status started = alone->start();
  ASSERT_FALSE(started);
  EXPECT_FALSE(started.error().message.empty());
  EXPECT_DONE(fixture_->restart_server());
  EXPECT_TRUE(eventually([&] { return broker_->health().connected; }));
}

}  // namespace ducat::broker::testing
