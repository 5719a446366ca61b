// The service on PostgreSQL.
#include "services/transactions/testing/changes_contract.h"

namespace ducat::transactions::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, PromiseContract, ::testing::Values(kernel::testing::make_postgres));
INSTANTIATE_TEST_SUITE_P(Postgres, ChangesContract, ::testing::Values(kernel::testing::make_postgres));

}  // namespace ducat::transactions::testing
