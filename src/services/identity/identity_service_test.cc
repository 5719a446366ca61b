// The identity service on SQLite.
#include "services/identity/testing/identity_contract.h"

namespace ducat::identity::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, IdentityContract, ::testing::Values(kernel::testing::make_sqlite));

}  // namespace ducat::identity::testing
