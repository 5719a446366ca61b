// The broker's contract in the process, on SQLite.
#include "platform/broker/embedded/embedded.h"

#include "platform/broker/embedded/embedded_fixture.h"
#include "platform/broker/testing/broker_failures.h"
#include "platform/broker/testing/broker_feeds.h"

namespace ducat::broker::testing {

std::unique_ptr<BrokerFixture> make_embedded_fixture() {
  return std::make_unique<EmbeddedFixture>();
}
INSTANTIATE_TEST_SUITE_P(Embedded, BrokerContract, ::testing::Values(make_embedded_fixture));

}  // namespace ducat::broker::testing
