// A command on the log on its way through the engine, and its answer on the way back.
#pragma once

#include <variant>
#include <vector>

#include "kernel/engine/submission.h"
#include "kernel/merkle/hash.h"
#include "services/audit/domain/rules.h"

namespace ducat::audit {

// Reads the log's end as of now.
struct ReadHead {};

using Command = std::variant<ReadHead, Append, Propose, RefuseProposal, RollBack>;

// The tree over all records.
struct TreeHead {
  uint64_t size = 0;
  kernel::merkle::Hash root{};
};

// Where an entry went. Stored with the idempotency key, so that a repeat gets the same.
struct Appended {
  uint64_t sequence = 0;  // 0: no record was made
  Timestamp created_at;
  Digest hash{};
  Digest previous{};
  uint64_t rolled_back_by = 0;
};

// Views of the command live as long as the operation; the caller keeps what they point to.
struct AuditOperation final : kernel::Operation {
  Command command;
  // The answer is shown to somebody, so its hashes are stored with the key. False for messages, which are
  // answered from the journal.
  bool keeps_answer = false;

  Appended appended;  // kAccepted, kReplayed
  TreeHead head;      // ReadHead
};

// A submission of one.
class AuditSubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return 1; }
  kernel::Operation& at(size_t) override { return operation; }
  AuditOperation operation;
};

}  // namespace ducat::audit
