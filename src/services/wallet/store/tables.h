// The wallet's tables: rows as the engine's thread makes them, and how they are written. Reading stands in
// queries.h, the schema in migrations/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/journal/record.h"
#include "kernel/projection/changes.h"
#include "services/wallet/domain/hold.h"
#include "services/wallet/domain/ledger.h"
#include "services/wallet/domain/types.h"

namespace ducat::wallet {

using kernel::Position;

// A wallet with its place in the journal.
struct StoredWallet {
  uint64_t no = 0;
  Wallet state;
  uint64_t events = 0;  // how many it has
  Position head = 0;    // of the newest
};

// A hold with whose it is.
struct StoredHold {
  Position no = 0;  // of the event that placed it
  HoldId id;
  uint64_t wallet = 0;
  Hold hold;
  Timestamp updated_at;
  std::string counterparty;  // of a transfer: the receiver
  std::string request_id;
  std::string reason;

  bool operator==(const StoredHold&) const = default;
};

struct Account {
  AccountKind kind = AccountKind::kWorld;
  Currency currency = Currency::kNone;
  int64_t balance = 0;
};

// Every how many events of a wallet a mark is set.
inline constexpr uint64_t kMarkEvery = 64;

// What a batch has changed. Texts and bytes are kept in `bytes`, rows hold their places in it.
struct WalletChanges final : kernel::Changes {
  struct Span {
    size_t offset = 0;
    size_t size = 0;
  };
  struct EventRow {
    Position position = 0;
    uint64_t wallet = 0;
    uint64_t seq = 0;
    Position prev = 0;
    Timestamp at;
    Span body;
  };
  struct WalletRow {
    StoredWallet wallet;
    Span id;
    bool created = false;
  };

  Span keep(std::string_view text) {
    Span span{bytes.size(), text.size()};
    bytes.append(text);
    return span;
  }
  std::string_view view(Span span) const { return std::string_view(bytes).substr(span.offset, span.size); }

  std::string bytes;
  std::vector<EventRow> events;
  std::vector<WalletRow> wallets;  // each wallet once, as the batch left it
  std::vector<StoredHold> holds;
  std::vector<Account> accounts;
};

// Creates the tables or brings them up to date.
Status migrate_wallet_tables(storage::Connection& connection);

// Writes batches, in the order of their records, in the connection's transaction.
Status write_wallet_changes(storage::Connection& connection, std::span<const kernel::Changes* const> changes);

// Empties all of them (for `ducat projections rebuild`), in the connection's transaction.
Status clear_wallet_tables(storage::Connection& connection);

}  // namespace ducat::wallet
