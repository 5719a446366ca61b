// The service on SQLite.
#include "services/risk/testing/risk_contract.h"

namespace ducat::risk::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, RiskContract, ::testing::Values(kernel::testing::make_sqlite));

}  // namespace ducat::risk::testing
