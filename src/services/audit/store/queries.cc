// SQL of the audit log's reads; the same text for both engines. Lists stand in list_query.cc.
#include "services/audit/store/queries.h"

#include <map>

#include "services/audit/store/record_row.h"

namespace ducat::audit {
namespace {

using storage::Row;
using storage::Value;

constexpr std::string_view kBySequence = DUCAT_AUDIT_SELECT "WHERE a.sequence = $1";
constexpr std::string_view kAfter = DUCAT_AUDIT_SELECT "WHERE a.sequence > $1 ORDER BY a.sequence LIMIT $2";
constexpr std::string_view kByCorrelation =
    DUCAT_AUDIT_SELECT "WHERE a.correlation_id = $1 AND a.sequence <= $2 ORDER BY a.sequence LIMIT $3";
constexpr std::string_view kByEntity = DUCAT_AUDIT_SELECT
    "WHERE a.entity_id = $1 AND a.entity_type || '' = $2 AND a.sequence <= $3 ORDER BY a.sequence DESC LIMIT "
    "$4";
constexpr std::string_view kLeaves =
    "SELECT hash FROM audit_records WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence";
constexpr std::string_view kLast = "SELECT sequence FROM audit_records ORDER BY sequence DESC LIMIT 1";
constexpr std::string_view kKeepCheckpoint =
    "INSERT INTO audit_checkpoints (size, note) VALUES ($1, $2) ON CONFLICT DO NOTHING";

int64_t signed_of(uint64_t value) {
  return static_cast<int64_t>(value);
}

Result<std::vector<StoredRecord>> all(storage::Connection& connection, std::string_view sql,
                                      std::initializer_list<Value> params) {
  std::vector<StoredRecord> found;
  DUCAT_TRY(connection.query(sql, params, [&](const Row& row) { found.push_back(record_from(row)); }));
  return found;
}

Text view(const std::optional<std::string>& text) {
  return text ? Text(*text) : std::nullopt;
}

// One statement for each power of two, so that few have to be prepared; places left over repeat the last id.
std::string correlations_by_ids(size_t count) {
  std::string sql =
      "SELECT correlation_id, sequence, created_at, action, status, origin, entity_type, entity_id, user_id, "
      "service_name FROM audit_records WHERE origin > 0 AND correlation_id IN (";
  for (size_t i = 1; i <= count; ++i) sql += (i == 1 ? "$" : ",$") + std::to_string(i);
  return sql + ") ORDER BY sequence";
}

void fold(const Row& row, std::map<std::string, Correlation, std::less<>>& into) {
  auto text = [&](int column) { return row.is_null(column) ? Text() : Text(row.text(column)); };
  Event event;
  event.proposed = row.int64(5) == static_cast<int64_t>(Origin::kProposal);
  event.record.sequence = static_cast<uint64_t>(row.int64(1));
  event.record.created_at = {row.int64(2) * 1000};
  Entry& entry = event.record.entry;
  entry.action = action_of(row.int64(3)).value_or(Action::kRead);
  entry.status = status_of(row.int64(4)).value_or(RecordStatus::kFailed);
  entry.correlation_id = row.text(0);
  entry.entity_type = text(6);
  entry.entity_id = text(7);
  entry.user_id = text(8);
  entry.service_name = text(9);
  evolve(into[std::string(row.text(0))], event);
}

}  // namespace

Record StoredRecord::record() const {
  Record record{sequence, created_at, previous, {}};
  Entry& entry = record.entry;
  entry.action = action;
  entry.status = recorded;
  entry.entity_type = view(entity_type);
  entry.entity_id = view(entity_id);
  entry.user_id = view(user_id);
  entry.metadata = view(metadata);
  entry.changes = view(changes);
  entry.ip_address = view(ip_address);
  entry.user_agent = view(user_agent);
  entry.correlation_id = view(correlation_id);
  entry.service_name = view(service_name);
  return record;
}

Result<uint64_t> last_sequence(storage::Connection& connection) {
  uint64_t last = 0;
  DUCAT_TRY(connection.query(kLast, {}, [&](const Row& row) { last = static_cast<uint64_t>(row.int64(0)); }));
  return last;
}

Result<std::optional<StoredRecord>> find_record(storage::Connection& connection, uint64_t sequence) {
  std::optional<StoredRecord> found;
  DUCAT_TRY(connection.query(kBySequence, {signed_of(sequence)},
                             [&](const Row& row) { found = record_from(row); }));
  return found;
}

Result<std::vector<StoredRecord>> records_after(storage::Connection& connection, uint64_t after,
                                                int64_t limit) {
  return all(connection, kAfter, {signed_of(after), limit});
}

Result<std::vector<StoredRecord>> records_of_correlation(storage::Connection& connection,
                                                         std::string_view correlation_id, uint64_t last,
                                                         int64_t limit) {
  return all(connection, kByCorrelation, {correlation_id, signed_of(last), limit});
}

Result<std::vector<StoredRecord>> records_of_entity(storage::Connection& connection,
                                                    std::string_view entity_type, std::string_view entity_id,
                                                    uint64_t last, int64_t limit) {
  return all(connection, kByEntity, {entity_id, entity_type, signed_of(last), limit});
}

Result<std::vector<kernel::merkle::Hash>> leaf_hashes(storage::Connection& connection, uint64_t begin,
                                                      uint64_t count) {
  std::vector<kernel::merkle::Hash> hashes;
  hashes.reserve(count);
  DUCAT_TRY(connection.query(kLeaves, {signed_of(begin), signed_of(begin + count)}, [&](const Row& row) {
    hashes.push_back(kernel::merkle::hash_from(row.blob(0)));
  }));
  return hashes;
}

Result<std::vector<StoredCorrelation>> find_correlations(storage::Connection& connection,
                                                         std::span<const std::string_view> ids) {
  constexpr size_t kMost = 512;
  std::map<std::string, Correlation, std::less<>> found;
  std::vector<Value> params;
  while (!ids.empty()) {
    size_t taken = std::min(ids.size(), kMost);
    size_t places = 1;
    while (places < taken) places *= 2;
    params.clear();
    for (size_t i = 0; i < places; ++i) params.emplace_back(ids[std::min(i, taken - 1)]);
    DUCAT_TRY(
        connection.query(correlations_by_ids(places), params, [&](const Row& row) { fold(row, found); }));
    ids = ids.subspan(taken);
  }
  std::vector<StoredCorrelation> answer;
  for (auto& [id, state] : found) answer.push_back({id, std::move(state)});
  return answer;
}

Result<std::vector<std::string>> kept_checkpoints(storage::Connection& connection) {
  std::vector<std::string> notes;
  DUCAT_TRY(connection.query("SELECT note FROM audit_checkpoints ORDER BY size", {},
                             [&](const Row& row) { notes.emplace_back(row.text(0)); }));
  return notes;
}

Status keep_checkpoint(storage::Connection& connection, uint64_t size, std::string_view note) {
  DUCAT_TRY(connection.execute(kKeepCheckpoint, {signed_of(size), note}));
  return {};
}

}  // namespace ducat::audit
