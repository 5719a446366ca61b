// The audit log's service: appends and reads, for whoever calls (HTTP, messages, services in this process).
// Reads, decides (by the engine), writes; holds no rule.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/engine/engine.h"
#include "kernel/merkle/checkpoint.h"
#include "kernel/merkle/proof.h"
#include "platform/runtime/task.h"
#include "platform/storage/reader_pool.h"
#include "services/audit/audit_command.h"
#include "services/audit/record_checker.h"
#include "services/audit/store/queries.h"

namespace ducat::audit {

// What became of a report. `appended` for kAccepted and kReplayed.
struct AppendOutcome {
  kernel::Verdict verdict = kernel::Verdict::kUnavailable;
  Appended appended;
};

// A record in the tree that `checkpoint` signs.
struct InclusionView {
  uint64_t index = 0;
  uint64_t size = 0;
  kernel::merkle::Hash leaf{};
  kernel::merkle::Path path;
  std::string checkpoint;
  std::string leaf_input;  // the record's canonical form
};

struct ConsistencyView {
  uint64_t from = 0;
  uint64_t size = 0;
  kernel::merkle::Path path;
  std::string checkpoint;
};

struct CheckView {
  uint64_t size = 0;  // records that are sound
  kernel::merkle::Hash root{};
  std::optional<Broken> broken;
};

// Lists that have no pages end here.
inline constexpr int64_t kMostRecords = 1'000;

// Thread-safe. Tasks must have ended before it is destroyed. A read sees everything that was answered before
// it was asked; it fails with kUnavailable where the tables lag too far behind.
class AuditService {
 public:
  AuditService(kernel::Engine& engine, storage::ReaderPool& readers,
               const kernel::merkle::CheckpointSigner& signer)
      : engine_(engine), readers_(readers), signer_(signer) {}

  // Appends a record; its texts are within the contract's limits, without NUL. Key: caller, operation and
  // idempotency key; empty: none. The entry's texts, the metadata and changes compact JSON, must live until
  // the task has ended.
  Task<AppendOutcome> append(Entry entry, std::string key, uint64_t fingerprint, Executor& home);
  // The effect of a message, whose inbox key this is; the command's texts must live until the task has ended.
  Task<kernel::Verdict> take_message(Command command, std::string key, Executor& home);

  Task<Result<std::optional<StoredRecord>>> find(Uuid id, Executor& home);
  Task<Result<RecordPage>> list(ListFilter filter, Executor& home);
  Task<Result<std::vector<StoredRecord>>> of_correlation(std::string correlation_id, Executor& home);
  Task<Result<std::vector<StoredRecord>>> of_entity(std::string entity_type, std::string entity_id,
                                                    Executor& home);

  Task<Result<TreeHead>> head(Executor& home);
  std::string sign(const TreeHead& head) const { return signer_.sign(head.size, head.root); }
  const kernel::merkle::CheckpointSigner& signer() const { return signer_; }
  Task<Result<std::optional<InclusionView>>> prove(Uuid id, Executor& home);
  // kInvalid: there were never so many records.
  Task<Result<ConsistencyView>> prove_growth(uint64_t from, Executor& home);
  // Reads the whole log, a page at a time. kUnavailable: two others are doing so.
  Task<Result<CheckView>> check(Executor& home);

 private:
  struct Seen {
    TreeHead head;
    kernel::RecordNumber record = 0;
  };
  Task<Result<Seen>> look(Executor& home);

  kernel::Engine& engine_;
  storage::ReaderPool& readers_;
  const kernel::merkle::CheckpointSigner& signer_;
  std::atomic<int> checks_{0};
};

}  // namespace ducat::audit
