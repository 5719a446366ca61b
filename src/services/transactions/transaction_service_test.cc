// The service on SQLite.
#include "services/transactions/testing/changes_contract.h"

namespace ducat::transactions::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, PromiseContract, ::testing::Values(kernel::testing::make_sqlite));
INSTANTIATE_TEST_SUITE_P(Sqlite, ChangesContract, ::testing::Values(kernel::testing::make_sqlite));

}  // namespace ducat::transactions::testing
