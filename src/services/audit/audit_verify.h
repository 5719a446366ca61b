// The auditor: reads the whole journal and the tables, and says what is not as it was.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/merkle/checkpoint.h"
#include "platform/storage/database.h"
#include "services/audit/record_checker.h"

namespace ducat::audit {

struct VerifyReport {
  uint64_t journal_records = 0;
  uint64_t records = 0;  // of the log
  uint64_t rolled_back = 0;
  uint64_t checkpoints = 0;  // signed ones that were checked
  kernel::merkle::Hash root{};
  uint64_t up_to_record = 0;            // the tables' position, which was verified
  std::vector<std::string> violations;  // at most 100, in the order they were found; empty: all is well
  std::optional<Broken> first_broken;   // the first record of the log that is not what it was
};

// Reads a snapshot of the tables, so it may run beside a serving process. About 60 bytes of memory for each
// proposal. Checks: the journal's chain; that each record follows the one before, has its leaf in the same
// journal record, and that the leaf is its hash; every invariant of domain/invariants.h; each row of the
// tables, field by field through its hash, and what was rolled back; the stored nodes of the tree; every kept
// checkpoint, its signature (with `verifier`, if there is one) and its root.
// An error: it could not be verified. Damage is not an error: the report says it.
Result<VerifyReport> verify_log(storage::Database& journal, storage::Database& tables,
                                const kernel::merkle::NoteVerifier* verifier);

}  // namespace ducat::audit
