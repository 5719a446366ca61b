// Reading the audit log's tables. Every function reads through the connection handed in, which must not be in
// use elsewhere. No list scans the log: each filter and order has its index, and a range of times is a range
// of sequences.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/merkle/checkpoint.h"
#include "services/audit/domain/rules.h"
#include "services/audit/store/tables.h"

namespace ducat::audit {

// A record as the tables have it.
struct StoredRecord {
  uint64_t sequence = 0;
  Timestamp created_at;
  Action action = Action::kCreate;
  RecordStatus recorded = RecordStatus::kSuccess;
  Origin origin = Origin::kCall;
  std::optional<std::string> entity_type, entity_id, user_id, metadata, changes, ip_address, user_agent,
      correlation_id, service_name;
  Digest hash{};
  Digest previous{};            // the hash of the record before; all zero for the first
  uint64_t rolled_back_by = 0;  // 0: it was not

  RecordStatus effective_status() const { return rolled_back_by != 0 ? RecordStatus::kRolledBack : recorded; }
  // As it was appended; views this.
  Record record() const;
};

// 0: the log is empty.
Result<uint64_t> last_sequence(storage::Connection& connection);
Result<std::optional<StoredRecord>> find_record(storage::Connection& connection, uint64_t sequence);
// Records with a sequence above `after`, in order, at most `limit`.
Result<std::vector<StoredRecord>> records_after(storage::Connection& connection, uint64_t after,
                                                int64_t limit);
// Oldest first, and newest first.
Result<std::vector<StoredRecord>> records_of_correlation(storage::Connection& connection,
                                                         std::string_view correlation_id, uint64_t last,
                                                         int64_t limit);
Result<std::vector<StoredRecord>> records_of_entity(storage::Connection& connection,
                                                    std::string_view entity_type, std::string_view entity_id,
                                                    uint64_t last, int64_t limit);

// The leaf hashes of the records begin + 1 … begin + count, for the tree.
Result<std::vector<kernel::merkle::Hash>> leaf_hashes(storage::Connection& connection, uint64_t begin,
                                                      uint64_t count);

// What the tables know of a correlation id: a fold of its decisive records.
struct StoredCorrelation {
  std::string id;
  Correlation state;
};
// Those of these ids that have decisive records, in any order.
Result<std::vector<StoredCorrelation>> find_correlations(storage::Connection& connection,
                                                         std::span<const std::string_view> ids);

enum class SortBy : uint8_t { kCreatedAt, kAction, kEntityType };

struct ListFilter {
  std::optional<Action> action{};
  std::optional<RecordStatus> status{};  // the effective one
  std::optional<std::string> entity_type{}, entity_id{}, user_id{}, correlation_id{}, service_name{};
  std::optional<Timestamp> from{}, to{};  // inclusive
  SortBy sort_by = SortBy::kCreatedAt;
  bool ascending = false;
  int64_t offset = 0;
  int64_t limit = 10;
  uint64_t last = 0;  // the last record that counts: what is appended meanwhile moves no page
};

struct RecordPage {
  std::vector<StoredRecord> records;
  int64_t total = 0;
};

Result<RecordPage> list_records(storage::Connection& connection, const ListFilter& filter);

// Signed tree heads that were kept, smallest first; keeping one whose size is there already changes nothing.
Result<std::vector<std::string>> kept_checkpoints(storage::Connection& connection);
Status keep_checkpoint(storage::Connection& connection, uint64_t size, std::string_view note);

}  // namespace ducat::audit
