// Idempotency keys that have left memory: where in the journal each was used.
//
// Keys are random, and a B-tree of them would touch a page for every one. So they are kept as a
// log-structured merge tree does it: sorted runs of (hash, record), each written once in large chunks; eight
// runs of a level are merged into one of the next, up to kMaxLevel. A filter for each run, held in memory,
// answers "never seen" without a read. Nothing but the hash and the record's number is stored: the key
// itself, its payload's fingerprint and its answer are read from the journal, which has them anyway.
//
// Memory: 2 bytes a key for the filters. A run leaves as a whole once its newest key is older than the keys'
// life.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "kernel/journal/record.h"
#include "kernel/projection/key_filter.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

struct KeyEntry {
  int64_t hash = 0;
  RecordNumber record = 0;
};

// A run, without its entries.
struct KeyRun {
  int64_t id = 0;
  int level = 0;
  uint64_t keys = 0;
  Timestamp newest_at;
  KeyFilter filter;
};

// Writes a run of entries (sorted by hash) in the connection's transaction.
Result<KeyRun> write_key_run(storage::Connection& connection, int64_t id, int level, Timestamp newest_at,
                             std::span<const KeyEntry> sorted);
// Merges the runs into a new one of the next level, in the connection's transaction. The old ones stay until
// no look-up uses them any more; a crash in between leaves entries twice, which does no harm.
Result<KeyRun> merge_key_runs(storage::Connection& connection, std::span<const KeyRun> runs, int64_t new_id);
Status drop_key_run(storage::Connection& connection, int64_t id);

// The runs as a look-up sees them. One thread; entries are read through the connection handed in.
class KeyRuns {
 public:
  static constexpr int kFanIn = 8;
  static constexpr int kMaxLevel =
      2;  // 64 * 65,536 keys: a merge of more would hold up the tables for seconds

  // Reads what is stored.
  Status load(storage::Connection& connection);
  void add(KeyRun run);
  void remove(int64_t id);

  // Records that may have used a key of this hash. An empty answer is certain.
  Result<std::vector<RecordNumber>> find(storage::Connection& connection, uint64_t hash) const;
  bool may_contain(uint64_t hash) const;

  // Runs that should be merged now (all of one level), or none.
  std::vector<KeyRun> due_for_merge() const;
  // Runs whose newest key is older than this.
  std::vector<int64_t> older_than(Timestamp time) const;
  int64_t next_id() { return next_id_++; }
  uint64_t keys() const;

 private:
  std::vector<KeyRun> runs_;
  int64_t next_id_ = 1;
};

}  // namespace ducat::kernel
