// The service within one shard, and across shards, on SQLite.
#include "services/wallet/testing/shards_contract.h"
#include "services/wallet/testing/wallet_contract.h"

namespace ducat::wallet::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, WalletContract, ::testing::Values(kernel::testing::make_sqlite));
INSTANTIATE_TEST_SUITE_P(Sqlite, ShardsContract, ::testing::Values(kernel::testing::make_sqlite));

}  // namespace ducat::wallet::testing
