// The journal's contract on SQLite.
#include "kernel/journal/testing/journal_contract.h"

namespace ducat::kernel::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, JournalContract, ::testing::Values(make_sqlite));

}  // namespace ducat::kernel::testing
