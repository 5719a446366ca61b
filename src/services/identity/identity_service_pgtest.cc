// The identity service on PostgreSQL.
#include "services/identity/testing/identity_contract.h"

namespace ducat::identity::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, IdentityContract, ::testing::Values(kernel::testing::make_postgres));

}  // namespace ducat::identity::testing
