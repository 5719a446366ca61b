// The service within one shard, and across shards, on SQLite.
#include "services/wallet/testing/shards_contract.h"
#include "services/wallet/testing/wallet_contract.h"

namespace ducat::wallet::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, WalletContract, ::testing::Values(kernel::testing::make_sqlite));
INSTANTIATE_TEST_SUITE_P(Sqlite, ShardsContract, ::testing::Values(kernel::testing::make_sqlite));

// SQLite only: PostgreSQL minds its syncs itself.
TEST(DoubtfulTables, AreMadeAgainByTheNextStartOfEachShard) {
  constexpr size_t kShards = 2;
  kernel::testing::SqliteBackend backend;
  TestClock clock;
  Tweak often = [](WalletHostOptions& options) { options.checkpoint_interval = Duration::millis(5); };
  auto names = [](int i) { return "wallet " + std::to_string(i); };
  {
    WalletServer server(backend, clock, kShards, often);
    for (int i = 0; i < 10; ++i) server.deposit(names(i), "5", names(i));
    ArmedFault unsynced("storage.checkpoint", [] { return Status(fail(Errc::kIo, "not synced")); });
    ASSERT_TRUE(eventually([&] {
      auto stats = server.host().stats();
      return std::none_of(stats.begin(), stats.end(),
                          [](const auto& shard) { return shard.trouble.empty(); });
    }));
    for (int i = 0; i < 10; ++i) server.transfer(names(i), names((i + 1) % 10), "1");
  }
  for (size_t i = 0; i < kShards; ++i) {
    auto tables = backend.open("wallet_" + std::to_string(i), false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE((*connection)->execute("UPDATE wallets SET balance = balance + 1"));
  }
  WalletServer server(backend, clock, kShards, often);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(server.balance(names(i)), usd("5"));
    EXPECT_EQ(text_of(server.deposit(names(i), "5", names(i))), "replayed");
  }
  server.stop_and_verify();
}

}  // namespace ducat::wallet::testing
