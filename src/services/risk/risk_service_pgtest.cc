// The service on PostgreSQL.
#include "services/risk/testing/risk_contract.h"

namespace ducat::risk::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, RiskContract, ::testing::Values(kernel::testing::make_postgres));

}  // namespace ducat::risk::testing
