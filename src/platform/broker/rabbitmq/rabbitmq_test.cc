// The contract suite on RabbitMQ, with the real server.
#include "platform/broker/rabbitmq/rabbitmq.h"

#include "base/system.h"
#include "platform/broker/testing/broker_contract.h"
#include "platform/broker/testing/broker_failures.h"
#include "platform/broker/testing/broker_feeds.h"
#include "platform/broker/testing/rabbitmq_server.h"

namespace ducat::broker::testing {
namespace {

// Shared by the tests, because it takes seconds to start; ends with them.
class SharedServer final : public ::testing::Environment {
 public:
  static RabbitServer* get() {
    if (server_ == nullptr && RabbitServer::missing().empty()) {
      auto started = RabbitServer::start();
      if (started) {
        server_ = std::move(*started);
      } else {
        ADD_FAILURE() << started.error().message;
      }
    }
    return server_.get();
  }
  void TearDown() override { server_.reset(); }

 private:
  static inline std::unique_ptr<RabbitServer> server_;
};
const auto* const kShared = ::testing::AddGlobalTestEnvironment(new SharedServer);

class RabbitFixture final : public BrokerFixture {
 public:
  explicit RabbitFixture(RabbitServer& server) : server_(server) {}
  std::unique_ptr<Broker> make() override {
    RabbitOptions options;
    options.url = server_.url();
    options.start_limit = Duration::seconds(1);
    options.publishing.time_limit = Duration::seconds(3);
    return make_rabbit_broker(options, clock_);
  }
  bool keeps_for_later_groups() const override { return false; }
  void kill_server() override { server_.kill(); }
  Status restart_server() override { return server_.restart(); }
  // The server takes seconds to start, and on a busy machine a minute.
  Duration patience() const override { return Duration::seconds(180); }

 private:
  SystemClock clock_;
  RabbitServer& server_;
};

std::unique_ptr<BrokerFixture> make_rabbit_fixture() {
  RabbitServer* server = SharedServer::get();
  return server == nullptr ? nullptr : std::make_unique<RabbitFixture>(*server);
}

INSTANTIATE_TEST_SUITE_P(Rabbit, BrokerContract, ::testing::Values(make_rabbit_fixture));

}  // namespace
}  // namespace ducat::broker::testing
