// The contract suite against a real Kafka node.
#include "platform/broker/kafka/kafka.h"

#include "platform/broker/testing/broker_contract.h"
#include "platform/broker/testing/broker_failures.h"
#include "platform/broker/testing/broker_feeds.h"
#include "platform/broker/testing/kafka_server.h"

namespace ducat::broker::testing {
namespace {

// One node for all tests of the program: it takes seconds to start.
KafkaServer* shared_server() {
  static std::unique_ptr<KafkaServer> server = [] {
    auto started = KafkaServer::start();
    EXPECT_TRUE(started) << started.error().message;
    return started ? std::move(*started) : nullptr;
  }();
  return server.get();
}

class KafkaFixture final : public BrokerFixture {
 public:
  std::unique_ptr<Broker> make() override {
    KafkaOptions options;
    options.url = shared_server()->url();
    auto made = make_kafka_broker(std::move(options));
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  void kill_server() override { shared_server()->kill(); }
  Status restart_server() override { return shared_server()->restart(); }
};

std::unique_ptr<BrokerFixture> make_kafka_fixture() {
  if (!KafkaServer::missing().empty()) return nullptr;
  return std::make_unique<KafkaFixture>();
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Kafka, BrokerContract, ::testing::Values(make_kafka_fixture));

TEST(KafkaUrl, IsAListOfHosts) {
  for (std::string_view wrong : {"", "kafka://", "localhost:9092", "kafka://h/p", "nats://h:1"}) {
    auto made = make_kafka_broker({.url = std::string(wrong)});
    ASSERT_FALSE(made) << wrong;
    EXPECT_EQ(made.error().code, Errc::kInvalid);
  }
  EXPECT_TRUE(make_kafka_broker({.url = "kafka://a:1,b:2"}));
}

}  // namespace ducat::broker::testing
