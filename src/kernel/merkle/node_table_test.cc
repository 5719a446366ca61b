// The stored tree on SQLite.
#include "kernel/merkle/testing/node_contract.h"

namespace ducat::kernel::merkle::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, NodeContract, ::testing::Values(kernel::testing::make_sqlite));

}  // namespace ducat::kernel::merkle::testing
