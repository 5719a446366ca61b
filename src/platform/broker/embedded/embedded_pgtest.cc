// The broker's contract in the process, on PostgreSQL.
#include "platform/broker/embedded/embedded_fixture.h"
#include "platform/broker/testing/broker_failures.h"
#include "platform/broker/testing/broker_feeds.h"
#include "platform/storage/testing/temporary_postgres.h"

namespace ducat::broker::testing {
namespace {

// The program's server; null where none is installed.
storage::TemporaryPostgres* server() {
  static const std::unique_ptr<storage::TemporaryPostgres> shared = [] {
    std::unique_ptr<storage::TemporaryPostgres> none;
    if (!storage::TemporaryPostgres::missing().empty()) return none;
    auto started = storage::TemporaryPostgres::start({});
    if (!started) ADD_FAILURE() << started.error().message;
    return started ? std::move(*started) : std::move(none);
  }();
  return shared.get();
}

std::unique_ptr<BrokerFixture> make_fixture() {
  static int number = 0;
  if (server() == nullptr) return nullptr;
  storage::StorageTarget target;
  target.type = storage::StorageTarget::Type::kPostgres;
  target.url = server()->url();
  target.schema = "broker_" + std::to_string(number++);
  return std::make_unique<EmbeddedFixture>(std::move(target));
}

INSTANTIATE_TEST_SUITE_P(Postgres, BrokerContract, ::testing::Values(make_fixture));

}  // namespace
}  // namespace ducat::broker::testing
