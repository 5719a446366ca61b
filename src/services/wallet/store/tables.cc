// Bulk writes of the wallet's tables. Rows that several batches changed are written once, as the last one
// left them, in the order of their keys: then neighbours share a page.
#include "services/wallet/store/tables.h"

#include <algorithm>

#include "generated/wallet_migrations.h"

namespace ducat::wallet {
namespace {

using storage::BulkTable;
using storage::Column;
using storage::ColumnBatch;
using storage::ColumnType;
using storage::OnConflict;

constexpr auto kInt = ColumnType::kInt64;
constexpr auto kText = ColumnType::kText;

constexpr Column kWalletColumns[] = {{"no", kInt},           {"id", kText},         {"currency", kInt},
                                     {"status", kInt},       {"balance", kInt},     {"held", kInt},
                                     {"credit_limit", kInt}, {"daily_limit", kInt}, {"day", kInt},
                                     {"day_spent", kInt},    {"open_holds", kInt},  {"events", kInt},
                                     {"head", kInt}};
constexpr BulkTable kWallets{"wallets", kWalletColumns, 1, OnConflict::kReplace};

constexpr Column kNameColumns[] = {{"id", kText}, {"no", kInt}};
constexpr BulkTable kNames{"wallet_names", kNameColumns, 1, OnConflict::kReplace};

constexpr Column kEventColumns[] = {{"position", kInt}, {"wallet", kInt}, {"seq", kInt},
                                    {"prev", kInt},     {"at", kInt},     {"body", ColumnType::kBlob}};
constexpr BulkTable kEvents{"wallet_events", kEventColumns, 1, OnConflict::kReplace};

constexpr Column kMarkColumns[] = {{"wallet", kInt}, {"seq", kInt}, {"position", kInt}, {"at", kInt}};
constexpr BulkTable kMarks{"wallet_marks", kMarkColumns, 2, OnConflict::kReplace};

constexpr Column kHoldColumns[] = {{"no", kInt},          {"hold_id", kText},      {"wallet", kInt},
                                   {"state", kInt},       {"amount", kInt},        {"captured", kInt},
                                   {"is_transfer", kInt}, {"expires_at", kInt},    {"created_at", kInt},
                                   {"updated_at", kInt},  {"counterparty", kText}, {"request_id", kText},
                                   {"reason", kText}};
constexpr BulkTable kHolds{"wallet_holds", kHoldColumns, 1, OnConflict::kReplace};

constexpr Column kAccountColumns[] = {{"kind", kInt}, {"currency", kInt}, {"balance", kInt}};
constexpr BulkTable kAccounts{"wallet_accounts", kAccountColumns, 2, OnConflict::kReplace};

constexpr std::string_view kAllTables[] = {"wallets",      "wallet_names", "wallet_events",
                                           "wallet_marks", "wallet_holds", "wallet_accounts"};

using Batches = std::span<const kernel::Changes* const>;

const WalletChanges& batch_of(const kernel::Changes* changes) {
  return *static_cast<const WalletChanges*>(changes);
}

void add_optional(ColumnBatch& rows, std::optional<int64_t> value) {
  value ? rows.add(*value) : rows.add_null();
}

// A row, with the bytes its texts stand in.
template <typename Row>
struct Placed {
  const Row* row;
  const WalletChanges* batch;
};

// The last version of each row, in the order of `key`.
template <typename Row, typename Key>
std::vector<Placed<Row>> newest(Batches batches, std::vector<Row> WalletChanges::*rows, Key key) {
  std::vector<Placed<Row>> all;
  for (const kernel::Changes* changes : batches) {
    for (const Row& row : batch_of(changes).*rows) all.push_back({&row, &batch_of(changes)});
  }
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return key(*a.row) < key(*b.row); });
  auto kept = all.begin();
  for (auto at = all.begin(); at != all.end(); ++at) {
    bool superseded = at + 1 != all.end() && key(*at->row) == key(*(at + 1)->row);
    if (!superseded) *kept++ = *at;
  }
  all.erase(kept, all.end());
  return all;
}

Status write_wallets(storage::Connection& connection, Batches batches) {
  ColumnBatch rows(kWalletColumns);
  for (const auto& [row, batch] : newest(batches, &WalletChanges::wallets,
                                         [](const WalletChanges::WalletRow& r) { return r.wallet.no; })) {
    const Wallet& state = row->wallet.state;
    rows.add(static_cast<int64_t>(row->wallet.no));
    rows.add(batch->view(row->id));
    rows.add(static_cast<int64_t>(state.currency));
    rows.add(static_cast<int64_t>(state.status));
    rows.add(state.balance);
    rows.add(state.held);
    rows.add(state.credit_limit);
    add_optional(rows, state.daily_limit);
    rows.add(int64_t{state.day});
    rows.add(state.day_spent);
    rows.add(int64_t{state.open_holds});
    rows.add(static_cast<int64_t>(row->wallet.events));
    rows.add(static_cast<int64_t>(row->wallet.head));
  }
  return connection.write(kWallets, rows);
}

Status write_names(storage::Connection& connection, Batches batches) {
  std::vector<std::pair<std::string_view, uint64_t>> created;
  for (const kernel::Changes* changes : batches) {
    const WalletChanges& batch = batch_of(changes);
    for (const WalletChanges::WalletRow& row : batch.wallets) {
      if (row.created) created.emplace_back(batch.view(row.id), row.wallet.no);
    }
  }
  std::sort(created.begin(), created.end());
  ColumnBatch rows(kNameColumns);
  for (auto& [id, no] : created) {
    rows.add(id);
    rows.add(static_cast<int64_t>(no));
  }
  return connection.write(kNames, rows);
}

Status write_events(storage::Connection& connection, Batches batches) {
  ColumnBatch events(kEventColumns);
  std::vector<const WalletChanges::EventRow*> marked;
  for (const kernel::Changes* changes : batches) {
    const WalletChanges& batch = batch_of(changes);
    for (const WalletChanges::EventRow& row : batch.events) {
      events.add(static_cast<int64_t>(row.position));
      events.add(static_cast<int64_t>(row.wallet));
      events.add(static_cast<int64_t>(row.seq));
      events.add(static_cast<int64_t>(row.prev));
      events.add(row.at.micros);
      events.add(batch.view(row.body));
      if (row.seq % kMarkEvery == 0) marked.push_back(&row);
    }
  }
  DUCAT_TRY(connection.write(kEvents, events));
  ColumnBatch marks(kMarkColumns);
  for (const WalletChanges::EventRow* row : marked) {
    marks.add(static_cast<int64_t>(row->wallet));
    marks.add(static_cast<int64_t>(row->seq));
    marks.add(static_cast<int64_t>(row->position));
    marks.add(row->at.micros);
  }
  return connection.write(kMarks, marks);
}

Status write_holds(storage::Connection& connection, Batches batches) {
  std::vector<std::string> ids;  // stay put until the write is done
  auto holds = newest(batches, &WalletChanges::holds, [](const StoredHold& hold) { return hold.no; });
  ids.reserve(holds.size());
  ColumnBatch rows(kHoldColumns);
  for (const auto& [row, batch] : holds) {
    ids.push_back(row->id.uuid.to_string());
    rows.add(static_cast<int64_t>(row->no));
    rows.add(std::string_view(ids.back()));
    rows.add(static_cast<int64_t>(row->wallet));
    rows.add(static_cast<int64_t>(row->hold.state));
    rows.add(row->hold.amount);
    rows.add(row->hold.captured);
    rows.add(int64_t{row->hold.is_transfer});
    add_optional(rows, row->hold.expires_at ? std::optional(row->hold.expires_at->micros) : std::nullopt);
    rows.add(row->hold.created_at.micros);
    rows.add(row->updated_at.micros);
    rows.add(std::string_view(row->counterparty));
    rows.add(std::string_view(row->request_id));
    rows.add(std::string_view(row->reason));
  }
  return connection.write(kHolds, rows);
}

Status write_accounts(storage::Connection& connection, Batches batches) {
  ColumnBatch rows(kAccountColumns);
  auto key = [](const Account& account) { return std::pair(account.kind, account.currency); };
  for (const auto& [row, batch] : newest(batches, &WalletChanges::accounts, key)) {
    rows.add(static_cast<int64_t>(row->kind));
    rows.add(static_cast<int64_t>(row->currency));
    rows.add(row->balance);
  }
  return connection.write(kAccounts, rows);
}

}  // namespace

Status migrate_wallet_tables(storage::Connection& connection) {
  return storage::migrate(connection, "wallet", storage::wallet_migrations());
}

Status write_wallet_changes(storage::Connection& connection, Batches batches) {
  DUCAT_TRY(write_events(connection, batches));
  DUCAT_TRY(write_wallets(connection, batches));
  DUCAT_TRY(write_names(connection, batches));
  DUCAT_TRY(write_holds(connection, batches));
  return write_accounts(connection, batches);
}

Status clear_wallet_tables(storage::Connection& connection) {
  for (std::string_view table : kAllTables) {
    DUCAT_TRY(connection.execute("DELETE FROM " + std::string(table)));
  }
  return {};
}

}  // namespace ducat::wallet
