// The service on SQLite.
#include "services/audit/testing/audit_contract.h"

namespace ducat::audit::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, AuditContract, ::testing::Values(kernel::testing::make_sqlite));

}  // namespace ducat::audit::testing
