// The command line's tools on a wallet's data, and a batch's errors.
#include <gmock/gmock.h>

#include "base/fault_point.h"
#include "services/wallet/api/wallet_api.h"
#include "services/wallet/module.h"
#include "services/wallet/testing/wallet_server.h"

namespace ducat::wallet::testing {

using ::testing::HasSubstr;

class Tools : public ::testing::Test {
 protected:
  Tools() {
    config::Schema schema;
    schema.add(kernel::service_settings());
    schema.add(wallet_settings());
    auto loaded = config::load(schema, {});
    EXPECT_TRUE(loaded.has_value());
    settings_ = std::move(*loaded);
  }
  // The server's databases have names of their own.
  kernel::DataPorts ports() {
    return {settings_,
            [this](const std::string&, bool durable) { return backend_.target("wallet_0", durable); },
            {}};
  }
  Status rebuild() { return kernel::rebuild_tables(wallet_data(), ports(), "test"); }
  std::vector<std::string> dump() { return dump_tables(backend_.target("wallet_0", false)); }

  kernel::testing::SqliteBackend backend_;
  TestClock clock_;
  config::Settings settings_;
};

TEST_F(Tools, RebuiltTablesAreTheSame) {
  {
    WalletServer server(backend_, clock_);
    server.deposit("ann", "100");
    server.transfer("ann", "bob", "30");
  }
  std::vector<std::string> before = dump();
  ASSERT_DONE(rebuild());
  EXPECT_EQ(dump(), before);
}

TEST_F(Tools, ARebuildThatCannotWriteTheTablesSaysSo) {
  WalletServer(backend_, clock_).deposit("ann", "100");
  {
    ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kFull, "no room")); });
    Status rebuilt = rebuild();
    ASSERT_FALSE(rebuilt);
    EXPECT_THAT(rebuilt.error().message, HasSubstr("no room"));
  }
  ASSERT_DONE(rebuild());
}

TEST_F(Tools, DataOfAnotherNumberOfShardsIsNeitherVerifiedNorRebuilt) {
  WalletServer(backend_, clock_).deposit("ann", "100");
  auto tables = backend_.open("wallet_0", false);
  ASSERT_DONE((*tables->connect(storage::Access::kWriter))
                  ->execute("UPDATE wallet_facts SET value = 3 WHERE name = 'shards'"));
  std::vector<std::string> before = dump();
  EXPECT_FAILS(kernel::verify_data(wallet_data(), ports()), Errc::kInvalid);
  EXPECT_FAILS(rebuild(), Errc::kInvalid);
  EXPECT_EQ(dump(), before);
}

TEST(Batch, ARefusedOperationIsTheErrorOfItsSingleRoute) {
  v1::BatchRequest request;
  request.add_operations()->set_wallet_id("ann");
  request.add_operations()->set_wallet_id("bob");
  WalletOutcome refused;
  refused.verdict = Verdict::kRefused;
  refused.refusal = {.kind = RefusalKind::kWalletNotFound};
  WalletOutcome wrong = refused;
  wrong.refusal = {.kind = RefusalKind::kAmountNotPositive};
  auto reply = write_batch(request, {refused, wrong}, "/v1/wallet/batch?x=\xff", {1'767'312'000'123'000});
  ASSERT_TRUE(reply.has_value());
  const v1::BatchResult& result = reply->results(0);
  EXPECT_EQ(result.status_code(), 404);
  EXPECT_EQ(result.error(), "Not Found");
  EXPECT_EQ(result.type(), "WalletNotFoundError");
  EXPECT_EQ(result.message(), "\"Wallet ann not found\"");
  EXPECT_EQ(result.timestamp(), 1'767'312'000'123'000);
  EXPECT_EQ(result.path(), "/v1/wallet/batch?x=%FF");
  EXPECT_EQ(reply->results(1).status_code(), 400);
  EXPECT_EQ(reply->results(1).message(), "[\"amount must be a positive number\"]");
  EXPECT_EQ(reply->results(1).detail(), "amount must be a positive number");
}

}  // namespace ducat::wallet::testing
