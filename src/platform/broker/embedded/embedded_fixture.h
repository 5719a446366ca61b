// The in-process broker for the contract suite, on either database.
#pragma once

#include "base/system.h"
#include "platform/broker/embedded/embedded.h"
#include "platform/broker/testing/broker_fixture.h"
#include "platform/storage/open.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker::testing {

// All brokers of a fixture share one database, one after the other.
class EmbeddedFixture final : public BrokerFixture {
 public:
  EmbeddedFixture() {
    target_.path = directory_.file("broker.db");
    target_.durable = false;  // no test here loses power, and a sync costs more than all the rest
  }
  explicit EmbeddedFixture(storage::StorageTarget target) : target_(std::move(target)) {}

  std::unique_ptr<Broker> make() override {
    auto database = storage::open(target_);
    EXPECT_TRUE(database) << database.error().message;
    return database ? make_embedded(std::move(*database), clock_, timers_) : nullptr;
  }
  bool has_server() const override { return false; }
  Duration patience() const override { return Duration::seconds(20); }

 private:
  storage::TemporaryDirectory directory_;
  storage::StorageTarget target_;
  SystemClock clock_;
  ThreadTimers timers_;
};

}  // namespace ducat::broker::testing
