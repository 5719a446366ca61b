// The contract suite on NATS, with the real server.
#include "platform/broker/nats/nats.h"

#include "base/system.h"
#include "platform/broker/testing/broker_contract.h"
#include "platform/broker/testing/broker_failures.h"
#include "platform/broker/testing/broker_feeds.h"
#include "platform/broker/testing/nats_server.h"

namespace ducat::broker::testing {
namespace {

class NatsFixture final : public BrokerFixture {
 public:
  explicit NatsFixture(std::unique_ptr<NatsServer> server) : server_(std::move(server)) {}
  std::unique_ptr<Broker> make() override {
    NatsOptions options;
    options.url = server_->url();
    options.unsynced = Duration{};  // positions are saved at once, as the suite expects
    options.start_limit = Duration::seconds(1);
    options.publishing.time_limit = Duration::seconds(3);
    return make_nats_broker(options, clock_);
  }
  void kill_server() override { server_->kill(); }
  Status restart_server() override { return server_->restart(); }

 private:
  SystemClock clock_;
  std::unique_ptr<NatsServer> server_;
};

std::unique_ptr<BrokerFixture> make_nats_fixture() {
  if (!NatsServer::missing().empty()) return nullptr;
  auto server = NatsServer::start();
  if (!server) {
    ADD_FAILURE() << server.error().message;
    return nullptr;
  }
  return std::make_unique<NatsFixture>(std::move(*server));
}

INSTANTIATE_TEST_SUITE_P(Nats, BrokerContract, ::testing::Values(make_nats_fixture));

}  // namespace
}  // namespace ducat::broker::testing
