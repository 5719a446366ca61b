// See tables.h.
#include "services/risk/store/tables.h"

#include <map>

#include "generated/risk_migrations.h"

namespace ducat::risk {
namespace {

using storage::BulkTable;
using storage::Column;
using storage::ColumnBatch;
using storage::ColumnType;
using storage::OnConflict;
using storage::Row;
using storage::Value;

constexpr auto kInt = ColumnType::kInt64;
constexpr auto kText = ColumnType::kText;

constexpr Column kWalletColumns[] = {{"wallet_id", kText}, {"history", ColumnType::kBlob}};
constexpr BulkTable kWallets{"risk_wallets", kWalletColumns, 1, OnConflict::kReplace};

constexpr Column kAlertColumns[] = {
    {"no", kInt},     {"alert_id", kText}, {"wallet_id", kText}, {"rule", kText},      {"details", kText},
    {"shadow", kInt}, {"status", kInt},    {"note", kText},      {"created_at", kInt}, {"updated_at", kInt}};
constexpr BulkTable kAlerts{"risk_alerts", kAlertColumns, 1, OnConflict::kReplace};

constexpr std::string_view kSelectAlerts =
    "SELECT no, alert_id, wallet_id, rule, details, shadow, status, note, created_at, updated_at FROM "
    "risk_alerts ";

StoredAlert alert_from(const Row& row) {
  StoredAlert stored;
  stored.no = static_cast<kernel::Position>(row.int64(0));
  Alert& alert = stored.alert;
  alert.id = Uuid::parse(row.text(1)).value_or(Uuid{});
  alert.wallet_id = row.text(2);
  alert.rule = row.text(3);
  alert.details = row.text(4);
  alert.shadow = row.int64(5) != 0;
  alert.status = static_cast<AlertStatus>(row.int64(6));
  alert.note = row.text(7);
  alert.created_at = {row.int64(8)};
  alert.updated_at = {row.int64(9)};
  return stored;
}

Result<std::vector<StoredAlert>> select_alerts(storage::Connection& connection, std::string_view where,
                                               std::span<const Value> params) {
  std::vector<StoredAlert> found;
  DUCAT_TRY(connection.query(std::string(kSelectAlerts) + std::string(where), params,
                             [&](const Row& row) { found.push_back(alert_from(row)); }));
  return found;
}

Status write_wallets(storage::Connection& connection, std::span<const kernel::Changes* const> batches) {
  std::map<std::string_view, std::string_view> newest;
  for (const kernel::Changes* batch : batches) {
    for (const auto& row : static_cast<const RiskChanges*>(batch)->wallets)
      newest[row.wallet_id] = row.history;
  }
  ColumnBatch rows(kWalletColumns);
  for (auto [wallet_id, history] : newest) {
    rows.add(wallet_id);
    rows.add(history);
  }
  return connection.write(kWallets, rows);
}

Status write_alerts(storage::Connection& connection, std::span<const kernel::Changes* const> batches) {
  std::map<kernel::Position, const Alert*> newest;
  for (const kernel::Changes* batch : batches) {
    for (const StoredAlert& row : static_cast<const RiskChanges*>(batch)->alerts) newest[row.no] = &row.alert;
  }
  std::vector<std::string> ids;  // stay put until the write is done
  ids.reserve(newest.size());
  ColumnBatch rows(kAlertColumns);
  for (auto [no, alert] : newest) {
    ids.push_back(alert->id.to_string());
    rows.add(static_cast<int64_t>(no));
    rows.add(std::string_view(ids.back()));
    rows.add(std::string_view(alert->wallet_id));
    rows.add(std::string_view(alert->rule));
    rows.add(std::string_view(alert->details));
    rows.add(int64_t{alert->shadow});
    rows.add(static_cast<int64_t>(alert->status));
    rows.add(std::string_view(alert->note));
    rows.add(alert->created_at.micros);
    rows.add(alert->updated_at.micros);
  }
  return connection.write(kAlerts, rows);
}

}  // namespace

Status migrate_risk_tables(storage::Connection& connection) {
  return storage::migrate(connection, "risk", storage::risk_migrations());
}

Status write_risk_changes(storage::Connection& connection, std::span<const kernel::Changes* const> changes) {
  DUCAT_TRY(write_wallets(connection, changes));
  return write_alerts(connection, changes);
}

Status clear_risk_tables(storage::Connection& connection) {
  DUCAT_TRY(connection.execute("DELETE FROM risk_wallets"));
  DUCAT_TRY(connection.execute("DELETE FROM risk_alerts"));
  return {};
}

Result<std::optional<History>> find_history(storage::Connection& connection, std::string_view wallet_id) {
  std::string bytes;
  bool found = false;
  DUCAT_TRY(connection.query("SELECT history FROM risk_wallets WHERE wallet_id = $1", {wallet_id},
                             [&](const Row& row) { bytes = row.blob(0), found = true; }));
  if (!found) return std::optional<History>();
  DUCAT_ASSIGN(History history, decode_history(bytes));
  return std::optional(std::move(history));
}

Result<std::optional<StoredAlert>> find_alert(storage::Connection& connection, kernel::Position no) {
  Value params[] = {static_cast<int64_t>(no)};
  DUCAT_ASSIGN(auto found, select_alerts(connection, "WHERE no = $1", params));
  if (found.empty()) return std::optional<StoredAlert>();
  return std::optional(std::move(found.front()));
}

Result<std::vector<StoredAlert>> pending_alerts(storage::Connection& connection, std::string_view wallet_id) {
  Value params[] = {wallet_id, static_cast<int64_t>(AlertStatus::kClosed)};
  return select_alerts(connection, "WHERE wallet_id = $1 AND status < $2", params);
}

Status for_each_history(storage::Connection& connection, const OnHistory& on_history) {
  return connection.query("SELECT wallet_id, history FROM risk_wallets ORDER BY wallet_id", {},
                          [&](const Row& row) { on_history(row.text(0), decode_history(row.blob(1))); });
}

Status for_each_alert(storage::Connection& connection, const OnAlert& on_alert) {
  return connection.query(std::string(kSelectAlerts) + "ORDER BY no", {},
                          [&](const Row& row) { on_alert(alert_from(row)); });
}

Result<std::vector<StoredAlert>> find_alerts(storage::Connection& connection, const AlertFilter& filter) {
  std::vector<Value> params{int64_t{filter.shadow}};
  std::string where = "WHERE shadow = $1";
  auto also = [&](std::string_view column, Value value) {
    params.push_back(value);
    where.append(" AND ").append(column).append(" = $").append(std::to_string(params.size()));
  };
  if (filter.wallet_id) also("wallet_id", std::string_view(*filter.wallet_id));
  if (filter.rule) also("rule", std::string_view(*filter.rule));
  if (filter.status) also("status", static_cast<int64_t>(*filter.status));
  params.emplace_back(filter.limit);
  where += " ORDER BY no DESC LIMIT $" + std::to_string(params.size());
  params.emplace_back(filter.offset);
  where += " OFFSET $" + std::to_string(params.size());
  return select_alerts(connection, where, params);
}

}  // namespace ducat::risk
