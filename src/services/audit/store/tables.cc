// Bulk writes of the audit log's tables.
#include "services/audit/store/tables.h"

#include "generated/audit_checkpoint_migrations.h"
#include "generated/audit_migrations.h"
#include "services/audit/domain/canonical.h"

namespace ducat::audit {
namespace {

using storage::BulkTable;
using storage::Column;
using storage::ColumnBatch;
using storage::ColumnType;
using storage::OnConflict;

constexpr auto kInt = ColumnType::kInt64;
constexpr auto kText = ColumnType::kText;

// A row that is there already is the same row: the commit's outcome was unknown.
constexpr Column kRecordColumns[] = {
    {"sequence", kInt},        {"created_at", kInt},    {"action", kInt},           {"status", kInt},
    {"origin", kInt},          {"entity_type", kText},  {"entity_id", kText},       {"user_id", kText},
    {"metadata", kText},       {"changes", kText},      {"ip_address", kText},      {"user_agent", kText},
    {"correlation_id", kText}, {"service_name", kText}, {"hash", ColumnType::kBlob}};
constexpr BulkTable kRecords{"audit_records", kRecordColumns, 1, OnConflict::kIgnore};

constexpr Column kRolledBackColumns[] = {{"sequence", kInt}, {"by_sequence", kInt}};
constexpr BulkTable kRolledBack{"audit_rolled_back", kRolledBackColumns, 1, OnConflict::kIgnore};

// What was appended before the rollback; what comes later carries its mark with it.
constexpr std::string_view kMarkEarlier =
    "INSERT INTO audit_rolled_back (sequence, by_sequence) "
    "SELECT sequence, $1 FROM audit_records WHERE correlation_id = $2 AND sequence < $3 AND status IN (1, 4) "
    "ON CONFLICT DO NOTHING";
// PostgreSQL does not infer the type of a SELECT's parameter from the column it goes to.
constexpr std::string_view kMarkEarlierPostgres =
    "INSERT INTO audit_rolled_back (sequence, by_sequence) "
    "SELECT sequence, $1::bigint FROM audit_records "
    "WHERE correlation_id = $2 AND sequence < $3 AND status IN (1, 4) ON CONFLICT DO NOTHING";

struct RollbackRow {
  uint64_t sequence;
  std::string_view correlation_id;
};

void add_text(ColumnBatch& rows, const Text& text) {
  text ? rows.add(*text) : rows.add_null();
}

void add_record(ColumnBatch& rows, const Record& record, const AuditChanges::Row& row) {
  const Entry& entry = record.entry;
  rows.add(static_cast<int64_t>(record.sequence));
  rows.add(record.created_at.millis());
  rows.add(static_cast<int64_t>(entry.action));
  rows.add(static_cast<int64_t>(entry.status));
  rows.add(static_cast<int64_t>(row.origin));
  for (const Text* text :
       {&entry.entity_type, &entry.entity_id, &entry.user_id, &entry.metadata, &entry.changes,
        &entry.ip_address, &entry.user_agent, &entry.correlation_id, &entry.service_name}) {
    add_text(rows, *text);
  }
  rows.add(kernel::merkle::bytes_of(row.hash));
}

Status mark_earlier(storage::Connection& connection, const std::vector<RollbackRow>& rollbacks) {
  bool postgres = connection.dialect() == storage::Dialect::kPostgres;
  for (const RollbackRow& rollback : rollbacks) {
    auto sequence = static_cast<int64_t>(rollback.sequence);
    DUCAT_TRY(connection.execute(postgres ? kMarkEarlierPostgres : kMarkEarlier,
                                 {sequence, rollback.correlation_id, sequence}));
  }
  return {};
}

}  // namespace

Origin origin_of(const Event& event) {
  if (event.proposed) return Origin::kProposal;
  return rolls_back(event.record.entry) ? Origin::kRollback : Origin::kCall;
}

Status migrate_audit_tables(storage::Connection& connection) {
  DUCAT_TRY(kernel::merkle::migrate_nodes(connection));
  DUCAT_TRY(storage::migrate(connection, "audit_checkpoints", storage::audit_checkpoint_migrations()));
  return storage::migrate(connection, "audit", storage::audit_migrations());
}

Status write_audit_changes(storage::Connection& connection, std::span<const kernel::Changes* const> changes) {
  ColumnBatch records(kRecordColumns), late(kRolledBackColumns);
  std::vector<RollbackRow> rollbacks;
  std::vector<kernel::merkle::StoredNode> nodes;
  for (const kernel::Changes* base : changes) {
    const auto& batch = *static_cast<const AuditChanges*>(base);
    for (const AuditChanges::Row& row : batch.rows) {
      DUCAT_ASSIGN(Record record, read_canonical(batch.canonical(row)));
      add_record(records, record, row);
      if (rolls_back(record.entry)) rollbacks.push_back({record.sequence, *record.entry.correlation_id});
      if (row.rolled_back_by == 0) continue;
      late.add(static_cast<int64_t>(record.sequence));
      late.add(static_cast<int64_t>(row.rolled_back_by));
    }
    nodes.insert(nodes.end(), batch.nodes.begin(), batch.nodes.end());
  }
  if (records.rows() > 0) DUCAT_TRY(connection.write(kRecords, records));
  DUCAT_TRY(mark_earlier(connection, rollbacks));
  if (late.rows() > 0) DUCAT_TRY(connection.write(kRolledBack, late));
  return kernel::merkle::write_nodes(connection, nodes);
}

Status remake_audit_tables(storage::Connection& connection) {
  bool postgres = connection.dialect() == storage::Dialect::kPostgres;
  DUCAT_TRY(connection.execute("DROP TABLE audit_records"));
  DUCAT_TRY(connection.execute("DROP TABLE audit_rolled_back"));
  for (const storage::Migration& step : storage::audit_migrations()) {
    DUCAT_TRY(connection.script(postgres ? step.postgres : step.sqlite));
  }
  return kernel::merkle::clear_nodes(connection);
}

}  // namespace ducat::audit
