// The stored tree on PostgreSQL.
#include "kernel/merkle/testing/node_contract.h"

namespace ducat::kernel::merkle::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, NodeContract, ::testing::Values(kernel::testing::make_postgres));

}  // namespace ducat::kernel::merkle::testing
