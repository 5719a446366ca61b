// The service within one shard, and across shards, on PostgreSQL.
#include "services/wallet/testing/shards_contract.h"
#include "services/wallet/testing/wallet_contract.h"

namespace ducat::wallet::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, WalletContract, ::testing::Values(kernel::testing::make_postgres));
INSTANTIATE_TEST_SUITE_P(Postgres, ShardsContract, ::testing::Values(kernel::testing::make_postgres));

}  // namespace ducat::wallet::testing
