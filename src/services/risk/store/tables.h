// The risk service's tables: rows as the engine's thread makes them, how they are written and read.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/projection/changes.h"
#include "platform/storage/database.h"
#include "services/risk/store/event_codec.h"

namespace ducat::risk {

// What a batch has changed: each wallet and each alert once, as the batch left it.
struct RiskChanges final : kernel::Changes {
  struct WalletRow {
    std::string wallet_id;
    std::string history;
  };
  std::vector<WalletRow> wallets;
  std::vector<StoredAlert> alerts;
};

Status migrate_risk_tables(storage::Connection& connection);
// Writes batches, in the order of their records, in the connection's transaction.
Status write_risk_changes(storage::Connection& connection, std::span<const kernel::Changes* const> changes);
// Empties all of them (for `ducat projections rebuild`), in the connection's transaction.
Status clear_risk_tables(storage::Connection& connection);

Result<std::optional<History>> find_history(storage::Connection& connection, std::string_view wallet_id);
Result<std::optional<StoredAlert>> find_alert(storage::Connection& connection, kernel::Position no);
// The wallet's alerts that are not closed.
Result<std::vector<StoredAlert>> pending_alerts(storage::Connection& connection, std::string_view wallet_id);

// Every row, in the order of wallets and numbers.
using OnHistory = std::function<void(std::string_view wallet_id, Result<History> history)>;
using OnAlert = std::function<void(const StoredAlert& alert)>;
Status for_each_history(storage::Connection& connection, const OnHistory& on_history);
Status for_each_alert(storage::Connection& connection, const OnAlert& on_alert);

// Which alerts; newest first.
struct AlertFilter {
  std::optional<std::string> wallet_id;
  std::optional<std::string> rule;
  std::optional<AlertStatus> status;
  bool shadow = false;
  int64_t limit = 100;
  int64_t offset = 0;
};
Result<std::vector<StoredAlert>> find_alerts(storage::Connection& connection, const AlertFilter& filter);

}  // namespace ducat::risk
