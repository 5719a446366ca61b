// What every adapter promises of fed streams (broker_contract.h): a journal's messages go out in order, and
// the position of what is published never passes what is confirmed.
#pragma once

#include "platform/broker/testing/broker_contract.h"

namespace ducat::broker::testing {

inline void fill(MemorySource& source, const std::vector<Message>& messages) {
  for (const Message& message : messages) source.add(message);
}

TEST_P(BrokerContract, AFedStreamArrivesInOrder) {
  std::string stream = declare();
  std::string name = group_of(stream);
  std::string later = group_of(stream, "late");
  MemorySource& source = make_source();
  fill(source, messages(stream, 0, 500));
  EXPECT_DONE(broker_->feed(stream, source));
  auto group = inbox(stream, name);
  fill(source, messages(stream, 500, 1000));
  EXPECT_TRUE(group->wait_for(1000));
  expect_order_within_keys(*group);
  auto late = inbox(stream, later);
  EXPECT_TRUE(late->wait_for(1000));
  expect_order_within_keys(*late);
  for (size_t i = 1000; i < 1020; ++i) {
    source.add(messages(stream, i, i + 1).front());
    ASSERT_TRUE(group->wait_for(number_id(i))) << "a message wakes who waits";
  }
  group->close();
  late->close();
  broker_->stop();
  EXPECT_EQ(source.listeners(), 0U) << "a broker that has stopped does not listen";
  EXPECT_FALSE(source.went_back());
  broker_.reset();
}

TEST_P(BrokerContract, SeveralSourcesOfOneStreamAllArrive) {
  std::string stream = declare();
  MemorySource& one = make_source();
  MemorySource& two = make_source();
  EXPECT_DONE(broker_->feed(stream, one));
  auto group = inbox(stream, unique("group"));
  EXPECT_DONE(broker_->feed(stream, two));
  for (size_t i = 0; i < 200; ++i) {
    Message next = message(stream, number_id(i), i % 2 == 0 ? "of one" : "of two");
    (i % 2 == 0 ? one : two).add(next);
  }
  EXPECT_TRUE(group->wait_for(200));
  expect_order_within_keys(*group);
}

TEST_P(BrokerContract, AFedStreamKeepsTheLimitInFlightHoweverMuchItsJournalGives) {
  std::string stream = declare();
  std::string name = group_of(stream, "slow");
  MemorySource& source = make_source(25);
  fill(source, messages(stream, 0, 300));
  EXPECT_DONE(broker_->feed(stream, source));
  auto slow = inbox(stream, name, Inbox::Mode::kKeep, 10);
  for (size_t done = 0; done < 300; ++done)
    ASSERT_TRUE(eventually([&] { return slow->acknowledge_one(); })) << "stalled after " << done;
  EXPECT_EQ(slow->ids().size(), 300U);
  EXPECT_LE(slow->most_held(), 10U);
  expect_order_within_keys(*slow);
}

TEST_P(BrokerContract, AFeedGoesOnAfterARestartWithoutAGap) {
  std::string stream = declare();
  std::string name = group_of(stream);
  MemorySource& source = make_source();
  fill(source, messages(stream, 0, 300));
  EXPECT_DONE(broker_->feed(stream, source));
  auto before = inbox(stream, name);
  ASSERT_TRUE(before->wait_for(300));
  before->close();
  broker_->stop();
  fill(source, messages(stream, 300, 400));
  broker_.reset();
  broker_ = start();
  EXPECT_DONE(broker_->feed(stream, source));
  auto after = inbox(stream, name);
  fill(source, messages(stream, 400, 600));
  for (size_t i = 300; i < 600; ++i) ASSERT_TRUE(after->wait_for(number_id(i)));
  EXPECT_EQ(after->ids().size(), 300U) << "nothing that was acknowledged comes again";
  expect_order_within_keys(*after);
  after->close();
  broker_->stop();
  EXPECT_FALSE(source.went_back());
  broker_.reset();
}

TEST_P(BrokerContract, TheJournalsPositionIsSavedWhenTheBrokerStops) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery publishes nothing";
  std::string stream = declare();
  MemorySource& source = make_source();
  fill(source, messages(stream, 0, 100));
  // The group first: RabbitMQ keeps nothing for one that comes later.
  auto group = inbox(stream, unique("group"));
  EXPECT_DONE(broker_->feed(stream, source));
  ASSERT_TRUE(group->wait_for(100));
  source.add_silence();
  // Without a stop as well: it follows within moments, also past events that make no message.
  EXPECT_TRUE(eventually([&] { return *source.published() == source.end(); }));
  EXPECT_EQ(broker_->health().unpublished, 0U);
  group->close();
  broker_->stop();
  EXPECT_EQ(*source.published(), source.end());
  source.take_lowest_read();
  broker_.reset();
  broker_ = start();
  EXPECT_DONE(broker_->feed(stream, source));
  EXPECT_TRUE(eventually([&] { return source.listeners() == 1; }));
  auto again = inbox(stream, unique("again"));
  source.add(message(stream, "more"));
  ASSERT_TRUE(again->wait_for("more"));
  EXPECT_GE(source.take_lowest_read(), *source.published() - 2) << "what is published is not read again";
}

// The server dies while the feed runs, and the process with it. What the position says is published must be
// in the broker without the journal's help.
TEST_P(BrokerContract, TheJournalsPositionNeverPassesWhatIsConfirmed) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery publishes nothing";
  std::string stream = declare();
  std::string name = group_of(stream);
  MemorySource& source = make_source();
  EXPECT_DONE(broker_->feed(stream, source));
  fill(source, messages(stream, 0, 2000));
  EXPECT_TRUE(eventually([&] { return *source.published() > 0; }));
  fill(source, messages(stream, 2000, 6000));
  fixture_->kill_server();
  fill(source, messages(stream, 6000, 6100));
  broker_->stop();
  broker_.reset();
  std::vector<std::string> promised = source.ids_up_to(*source.published());
  EXPECT_LT(promised.size(), 6100U) << "nobody confirmed what came after the server's end";
  EXPECT_DONE(fixture_->restart_server());
  broker_ = start();
  auto without_journal = inbox(stream, name);
  EXPECT_TRUE(without_journal->wait_for_all(promised))
      << without_journal->ids().size() << " came, " << promised.size() << " were promised";
  EXPECT_DONE(broker_->feed(stream, source));
  EXPECT_TRUE(without_journal->wait_for(6100));
  expect_order_within_keys(*without_journal);
  without_journal->close();
  broker_->stop();
  EXPECT_FALSE(source.went_back());
  broker_.reset();
}

TEST_P(BrokerContract, AFeedGoesOnByItselfAfterTheServerWasKilled) {
  if (!fixture_->has_server()) GTEST_SKIP() << "in-process delivery publishes nothing";
  std::string stream = declare();
  MemorySource& source = make_source();
  EXPECT_DONE(broker_->feed(stream, source));
  auto group = inbox(stream, unique("group"));
  fill(source, messages(stream, 0, 1000));
  ASSERT_TRUE(group->wait_for(100));
  fixture_->kill_server();
  fill(source, messages(stream, 1000, 2000));
  EXPECT_DONE(fixture_->restart_server());
  EXPECT_TRUE(group->wait_for(2000)) << group->ids().size() << " of 2000 came";
  expect_order_within_keys(*group);
  EXPECT_TRUE(eventually([&] { return *source.published() == source.end(); }));
  group->close();
  broker_->stop();
  EXPECT_FALSE(source.went_back());
  broker_.reset();
}

}  // namespace ducat::broker::testing
