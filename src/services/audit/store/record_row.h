// A record's row: the columns that every query of records selects, and reading them.
#pragma once

#include "platform/storage/database.h"
#include "services/audit/store/queries.h"

#define DUCAT_AUDIT_COLUMNS                                                                         \
  "a.sequence, a.created_at, a.action, a.status, a.origin, a.entity_type, a.entity_id, a.user_id, " \
  "a.metadata, "                                                                                    \
  "a.changes, a.ip_address, a.user_agent, a.correlation_id, a.service_name, a.hash, p.hash, b.by_sequence "
// The record before it (p) and what rolled it back (b) are found by their keys.
#define DUCAT_AUDIT_JOINS                                     \
  "LEFT JOIN audit_records p ON p.sequence = a.sequence - 1 " \
  "LEFT JOIN audit_rolled_back b ON b.sequence = a.sequence "
#define DUCAT_AUDIT_SELECT "SELECT " DUCAT_AUDIT_COLUMNS "FROM audit_records a " DUCAT_AUDIT_JOINS

namespace ducat::audit {

// A row of DUCAT_AUDIT_COLUMNS. Numbers that nothing of ours has written are read as READ and FAILED, which
// the record's hash then tells.
inline StoredRecord record_from(const storage::Row& row) {
  auto text = [&](int column) {
    return row.is_null(column) ? std::optional<std::string>() : std::optional<std::string>(row.text(column));
  };
  StoredRecord found;
  found.sequence = static_cast<uint64_t>(row.int64(0));
  found.created_at = {row.int64(1) * 1000};
  found.action = action_of(row.int64(2)).value_or(Action::kRead);
  found.recorded = status_of(row.int64(3)).value_or(RecordStatus::kFailed);
  found.origin = static_cast<Origin>(row.int64(4));
  found.entity_type = text(5);
  found.entity_id = text(6);
  found.user_id = text(7);
  found.metadata = text(8);
  found.changes = text(9);
  found.ip_address = text(10);
  found.user_agent = text(11);
  found.correlation_id = text(12);
  found.service_name = text(13);
  found.hash = kernel::merkle::hash_from(row.blob(14));
  if (!row.is_null(15)) found.previous = kernel::merkle::hash_from(row.blob(15));
  if (!row.is_null(16)) found.rolled_back_by = static_cast<uint64_t>(row.int64(16));
  return found;
}

}  // namespace ducat::audit
