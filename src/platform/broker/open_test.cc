// Brokers by configuration, streams that go different ways, and dead letters moved by hand.
#include "platform/broker/open.h"

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "platform/broker/dead_letters.h"
#include "platform/broker/routed.h"
#include "platform/broker/testing/fake_broker.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker::testing {
namespace {

Result<BrokerConfig> configure(const std::vector<std::string>& assignments) {
  config::Schema schema;
  schema.add(broker_settings());
  config::Sources sources;
  for (const std::string& one : assignments) sources.overrides.push_back({.assignment = one});
  auto settings = config::load(schema, sources);
  if (!settings) return propagate(settings);
  return read_broker_config(*settings, {});
}

std::string refusal(const std::vector<std::string>& assignments) {
  auto config = configure(assignments);
  return config ? "accepted" : config.error().message;
}

TEST(BrokerConfigTest, IsEmbeddedUnlessSaidOtherwise) {
  auto config = configure({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->main, BrokerTarget{});
  EXPECT_TRUE(config->embedded.durable);
}

TEST(BrokerConfigTest, SendsEachStreamWhereItIsSaid) {
  auto config =
      configure({"broker.type=nats", "broker.url=nats://a:4222",
                 "broker.streams= wallet_events=amqp://u:p=1@b/v ; audit=kafka://c:9092,d:9092; x=embedded"});
  ASSERT_TRUE(config) << config.error().message;
  using Type = BrokerTarget::Type;
  EXPECT_EQ(config->main, (BrokerTarget{Type::kNats, "nats://a:4222"}));
  ASSERT_EQ(config->streams.size(), 3U);
  EXPECT_EQ(config->streams[0],
            (std::pair<std::string, BrokerTarget>("wallet_events", {Type::kRabbitmq, "amqp://u:p=1@b/v"})));
  EXPECT_EQ(config->streams[1].second, (BrokerTarget{Type::kKafka, "kafka://c:9092,d:9092"}));
  EXPECT_EQ(config->streams[2].second, BrokerTarget{});
}

TEST(BrokerConfigTest, ReadsTheSettingsOfTheAdapters) {
  auto standard = configure({});
  ASSERT_TRUE(standard);
  EXPECT_EQ(standard->nats.unsynced, Duration::seconds(180));
  ASSERT_EQ(standard->rabbitmq.groups.size(), 1U);
  EXPECT_EQ(standard->rabbitmq.groups[0].stream, "wallet_events");
  EXPECT_EQ(standard->rabbitmq.groups[0].queue, "fraud_detection");
  auto other =
      configure({"broker.nats.unsynced=0", "broker.nats.replicas=3", "broker.rabbitmq.queues=a/b=c,d/e=f"});
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->nats.unsynced, Duration{});
  EXPECT_EQ(other->nats.replicas, 3);
  ASSERT_EQ(other->rabbitmq.groups.size(), 2U);
  EXPECT_EQ(other->rabbitmq.groups[1].group, "e");
  for (const char* queues : {"a", "a/b", "a=b", "/b=c", "a/=c", "a/b="})
    EXPECT_NE(refusal({std::string("broker.rabbitmq.queues=") + queues}), "accepted") << queues;
}

TEST(BrokerConfigTest, SaysWhatIsWrongWithoutThePassword) {
  EXPECT_NE(refusal({"broker.type=redis"}), "accepted");
  EXPECT_NE(refusal({"broker.url=nats://a"}), "accepted");
  EXPECT_NE(refusal({"broker.type=kafka", "broker.url=nats://user:secret@a"}).find("broker.url"),
            std::string::npos);
  for (const char* streams :
       {"a", "=nats://secret", "a=http://secret", "a=nats://", "a=embedded;a=nats://secret"}) {
    std::string said = refusal({std::string("broker.streams=") + streams});
    EXPECT_NE(said.find("broker.streams"), std::string::npos) << said;
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
  }
}

class RoutedTest : public ::testing::Test {
 protected:
  RoutedTest() {
    auto main = std::make_unique<FakeBroker>();
    auto other = std::make_unique<FakeBroker>();
    main_ = main.get();
    other_ = other.get();
    routed_ = std::make_unique<RoutedBroker>(std::move(main));
    routed_->route("elsewhere", routed_->add(std::move(other)));
  }
  Status publish(std::vector<Message> messages) {
    std::promise<Status> answer;
    routed_->publish(std::move(messages), executor_,
                     [&](Status status) { answer.set_value(std::move(status)); });
    return answer.get_future().get();
  }
  static Message message(const std::string& stream) { return {stream, "t", "k", "id", "{}", {}}; }

  ThreadExecutor executor_{"routed"};
  FakeBroker* main_;
  FakeBroker* other_;
  std::unique_ptr<RoutedBroker> routed_;
};

TEST_F(RoutedTest, AStreamGoesToItsBrokerAndAllOthersToTheMainOne) {
  StreamSpec spec;
  spec.name = "elsewhere";
  EXPECT_TRUE(routed_->declare(spec));
  EXPECT_EQ(other_->declared(), std::vector<std::string>{"elsewhere"});
  EXPECT_TRUE(publish({message("elsewhere"), message("here"), message("elsewhere")}));
  EXPECT_EQ(main_->published().size(), 1U);
  EXPECT_EQ(other_->published().size(), 2U);
  EXPECT_TRUE(publish({}));
}

TEST_F(RoutedTest, APublishToSeveralIsDoneWhenAllAreAndFailsWithOne) {
  other_->fail_next(1);
  EXPECT_FALSE(publish({message("here"), message("elsewhere")}));
  EXPECT_TRUE(publish({message("here"), message("elsewhere")}));
}

TEST(DeadLetterToolTest, ListsAndMovesWhatAGroupPutAside) {
  storage::TemporaryDirectory directory;
  SystemClock clock;
  ThreadTimers timers;
  ThreadExecutor executor("letters");
  BrokerConfig config;
  config.embedded.path = directory.file("broker.db");
  auto broker = make_broker(config, clock, timers);
  ASSERT_TRUE(broker) << broker.error().message;
  ASSERT_TRUE((*broker)->start());
  DeadLetterOptions options{.group = "billing", .limit = 10, .quiet = Duration::millis(300)};
  auto none = list_dead_letters(**broker, options, [](const Message&) {});
  EXPECT_FALSE(none) << "a group that has never had any, or is misspelt";

  ASSERT_TRUE((*broker)->declare(dead_stream("billing")));
  std::vector<Message> letters;
  for (int i = 0; i < 5; ++i) {
    Message original{"orders", "order.placed", "k", "m" + std::to_string(i), "{}", {}};
    letters.push_back(make_dead_letter(original, "billing", {Errc::kInvalid, "broken"}, 1, Timestamp{i}));
  }
  std::promise<Status> published;
  (*broker)->publish(letters, executor, [&](Status status) { published.set_value(std::move(status)); });
  ASSERT_TRUE(published.get_future().get());

  std::vector<std::string> seen;
  auto listed = list_dead_letters(**broker, options,
                                  [&](const Message& letter) { seen.emplace_back(header(letter, kDeadId)); });
  ASSERT_TRUE(listed);
  EXPECT_EQ(*listed, 5U);
  EXPECT_EQ(seen, (std::vector<std::string>{"m0", "m1", "m2", "m3", "m4"}));

  options.limit = 3;
  auto moved = redrive_dead_letters(**broker, options);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(*moved, 3U);
  options.limit = 10;
  seen.clear();
  ASSERT_TRUE(list_dead_letters(**broker, options,
                                [&](const Message& letter) { seen.emplace_back(header(letter, kDeadId)); }));
  EXPECT_EQ(seen, (std::vector<std::string>{"m3", "m4"})) << "what was moved is not listed any more";

  std::promise<std::vector<Delivery>> retried;
  auto subscription =
      (*broker)->subscribe({retry_stream("billing").name, {}, "billing", 64}, executor,
                           [&](std::vector<Delivery> some) { retried.set_value(std::move(some)); });
  ASSERT_TRUE(subscription);
  auto got = retried.get_future().get();
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(header(got[0].message, kDeadId), "m0");
  EXPECT_EQ(got[0].message.type, "order.placed");
  subscription->reset();
  (*broker)->stop();
}

}  // namespace
}  // namespace ducat::broker::testing
