// The service on PostgreSQL.
#include "services/audit/testing/audit_contract.h"

namespace ducat::audit::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, AuditContract, ::testing::Values(kernel::testing::make_postgres));

}  // namespace ducat::audit::testing
