// The verifier: refolds the journal from its first event and compares what comes out with the tables.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "platform/storage/database.h"

namespace ducat::transactions {

struct VerifyReport {
  uint64_t records = 0;
  uint64_t events = 0;
  uint64_t transactions = 0;  // deleted ones as well
  uint64_t versions = 0;      // of these
  uint64_t open = 0;
  std::vector<std::string> violations;  // at most 100; empty: all is well
};

// Reads a snapshot, so it may run beside a serving process. Needs memory for every version (about 500 bytes).
// Checks: the journal's chain; every invariant of domain/invariants.h after every event; that the tables have
// the newest version of every transaction, every version, and the open changes, and nothing else; that no
// idempotency key was used twice within `key_life`.
Result<VerifyReport> verify_journal(storage::Database& journal, storage::Database& tables, Duration key_life);

}  // namespace ducat::transactions
