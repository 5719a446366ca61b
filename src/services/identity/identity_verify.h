// The verifier: refolds the journal from its first event and compares what comes out with the tables.
#pragma once

#include <string>
#include <vector>

#include "platform/storage/database.h"

namespace ducat::identity {

struct VerifyReport {
  uint64_t records = 0;
  uint64_t events = 0;
  uint64_t users = 0;
  uint64_t sessions = 0;                // rows; expired ones are removed in time
  uint64_t keys = 0;                    // revoked ones as well
  std::vector<std::string> violations;  // at most kernel::kMostViolations; empty: all is well
};

// Reads a snapshot, so it may run beside a serving process. Needs memory for every user (about 1.5 kB) and
// every session (200 bytes). Checks: the journal's chain; that users are numbered without gaps, each event
// stands in its user's stream, and no two users have a name in common; every user, every name, every API key
// and every session of the tables, and that there are no others. A session may be missing once it has
// expired.
Result<VerifyReport> verify_journal(storage::Database& journal, storage::Database& tables);

}  // namespace ducat::identity
