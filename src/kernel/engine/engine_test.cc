// The engine's contract on SQLite.
#include "kernel/engine/testing/engine_contract.h"

namespace ducat::kernel::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, EngineContract, ::testing::Values(make_sqlite));

}  // namespace ducat::kernel::testing
