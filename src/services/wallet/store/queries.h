// Reading the wallet's tables. Every function reads through the connection handed in, which must not be in
// use elsewhere.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/wallet/store/tables.h"

namespace ducat::wallet {

struct NamedWallet {
  std::string id;
  StoredWallet wallet;
};

// The wallets of these ids that exist, in any order.
Result<std::vector<NamedWallet>> find_wallets(storage::Connection& connection,
                                              std::span<const std::string_view> ids);
Result<std::optional<NamedWallet>> find_wallet(storage::Connection& connection, uint64_t no);
// All wallets with a number above `after`, in order, at most `limit`.
Result<std::vector<NamedWallet>> wallets_after(storage::Connection& connection, uint64_t after,
                                               int64_t limit);
// The largest number that a wallet has; 0 if there are none.
Result<uint64_t> last_wallet_no(storage::Connection& connection);
Result<std::vector<Account>> all_accounts(storage::Connection& connection);

Result<std::optional<StoredHold>> find_hold(storage::Connection& connection, Position no);
// Newest first; transfers' reservations are left out. `state` negative: all.
Result<std::vector<StoredHold>> holds_of(storage::Connection& connection, uint64_t wallet, int64_t state,
                                         int64_t limit, int64_t offset);
// HELD holds whose time was over at `now`, and transfers between shards that have been open since `before`.
Result<std::vector<StoredHold>> expired_holds(storage::Connection& connection, Timestamp now, int64_t limit);
Result<std::vector<StoredHold>> open_transfers(storage::Connection& connection, Timestamp before,
                                               int64_t limit);

// How many holds there are, transfers' reservations included.
Result<uint64_t> count_holds(storage::Connection& connection);

// A place in a history that can be jumped to: every kMarkEvery-th event of a wallet has one.
struct StoredMark {
  uint64_t wallet = 0;
  uint64_t seq = 0;
  Position position = 0;
  Timestamp at;

  bool operator==(const StoredMark&) const = default;
};

Result<std::optional<StoredMark>> find_mark(storage::Connection& connection, uint64_t wallet, uint64_t seq);
Result<uint64_t> count_marks(storage::Connection& connection);

// An event of a history as it is stored; `body` is decoded by event_codec.h.
struct StoredEvent {
  Position position = 0;
  uint64_t wallet = 0;
  uint64_t seq = 0;
  Position prev = 0;
  Timestamp at;
  std::string body;

  bool operator==(const StoredEvent&) const = default;
};

Result<std::optional<StoredEvent>> find_event(storage::Connection& connection, Position position);
// All events with a position above `after`, in order, at most `limit`.
Result<std::vector<StoredEvent>> events_after(storage::Connection& connection, Position after, int64_t limit);
// Up to `limit` events of one wallet, newest first, from the position on (0: none).
Result<std::vector<StoredEvent>> walk_back(storage::Connection& connection, Position from, int64_t limit);
// The position of the wallet's event number `seq` (1 is its first); 0 if it has none. `head` is its newest.
Result<Position> position_of(storage::Connection& connection, const StoredWallet& wallet, uint64_t seq);
// The wallet's newest event at or before the time, if any.
Result<std::optional<StoredEvent>> event_at(storage::Connection& connection, const StoredWallet& wallet,
                                            Timestamp time);

}  // namespace ducat::wallet
