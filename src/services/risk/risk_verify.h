// The verifier: refolds the journal from its first event and compares what comes out with the tables.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "platform/storage/database.h"

namespace ducat::risk {

struct VerifyReport {
  uint64_t records = 0;
  uint64_t events = 0;
  uint64_t wallets = 0;
  uint64_t alerts = 0;
  std::vector<std::string> violations;  // at most kernel::kMostViolations; empty: all is well
};

// Reads a snapshot, so it may run beside a serving process. Needs memory for every wallet that was seen
// (about 1 kB) and every alert. Checks: the journal's chain; that a closed alert stays closed, and that a
// wallet has one alert of a rule that is not closed; every wallet's history and every alert of the tables,
// and that there are no others; that no idempotency key was used twice within `key_life`.
Result<VerifyReport> verify_journal(storage::Database& journal, storage::Database& tables, Duration key_life);

}  // namespace ducat::risk
