// The audit log's tables: rows as the engine's thread makes them, and how they are written. Reading stands in
// queries.h, the schema in migrations/.
//
// Rows of `audit_records` are never changed: triggers refuse it. What a later rollback means for a record
// stands beside it, in `audit_rolled_back`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/merkle/node_table.h"
#include "kernel/projection/changes.h"
#include "services/audit/domain/events.h"

namespace ducat::audit {

// How a record came; stored. What is above kCall decides about later messages of its correlation.
enum class Origin : uint8_t { kCall = 0, kProposal = 1, kRollback = 2 };
Origin origin_of(const Event& event);

// What a batch has appended. The records' canonical forms are kept in `bytes`, rows hold their places in it.
struct AuditChanges final : kernel::Changes {
  struct Row {
    size_t offset = 0;
    size_t size = 0;
    Digest hash{};
    Origin origin = Origin::kCall;
    uint64_t rolled_back_by = 0;
  };
  void keep(const Event& event, std::string_view canonical, const Digest& hash) {
    rows.push_back({bytes.size(), canonical.size(), hash, origin_of(event), event.rolled_back_by});
    bytes.append(canonical);
  }
  std::string_view canonical(const Row& row) const {
    return std::string_view(bytes).substr(row.offset, row.size);
  }

  std::string bytes;
  std::vector<Row> rows;
  std::vector<kernel::merkle::StoredNode> nodes;
};

// Creates the tables or brings them up to date.
Status migrate_audit_tables(storage::Connection& connection);

// Writes batches, in the order of their records, in the connection's transaction. Again: nothing changes.
Status write_audit_changes(storage::Connection& connection, std::span<const kernel::Changes* const> changes);

// Drops everything that is made from the journal and makes it again, empty (for a rebuild), in the
// connection's transaction. Signed checkpoints stay: they are evidence, and cannot be made again.
Status remake_audit_tables(storage::Connection& connection);

}  // namespace ducat::audit
