// SQL of the wallet's reads; the same text for both engines.
#include "services/wallet/store/queries.h"

namespace ducat::wallet {
namespace {

using storage::Row;
using storage::Value;

#define DUCAT_WALLET_COLUMNS                                                                    \
  "w.no, w.id, w.currency, w.status, w.balance, w.held, w.credit_limit, w.daily_limit, w.day, " \
  "w.day_spent, w.open_holds, w.events, w.head"
#define DUCAT_HOLD_COLUMNS                                                                          \
  "no, hold_id, wallet, state, amount, captured, is_transfer, expires_at, created_at, updated_at, " \
  "counterparty, request_id, reason"
#define DUCAT_EVENT_COLUMNS "position, wallet, seq, prev, at, body"

constexpr std::string_view kWalletByNo = "SELECT " DUCAT_WALLET_COLUMNS " FROM wallets w WHERE w.no = $1";
constexpr std::string_view kWalletsAfter =
    "SELECT " DUCAT_WALLET_COLUMNS " FROM wallets w WHERE w.no > $1 ORDER BY w.no LIMIT $2";
constexpr std::string_view kHoldByNo = "SELECT " DUCAT_HOLD_COLUMNS " FROM wallet_holds WHERE no = $1";
constexpr std::string_view kHoldsOf =
    "SELECT " DUCAT_HOLD_COLUMNS
    " FROM wallet_holds WHERE wallet = $1 AND is_transfer = 0 AND state >= $2 "
    "AND state <= $3 ORDER BY no DESC LIMIT $4 OFFSET $5";
constexpr std::string_view kExpired =
    "SELECT " DUCAT_HOLD_COLUMNS
    " FROM wallet_holds WHERE state = 0 AND expires_at IS NOT NULL AND expires_at <= $1 "
    "ORDER BY expires_at LIMIT $2";
constexpr std::string_view kOpenTransfers =
    "SELECT " DUCAT_HOLD_COLUMNS
    " FROM wallet_holds WHERE state = 0 AND is_transfer = 1 AND created_at <= $1 "
    "ORDER BY created_at LIMIT $2";
constexpr std::string_view kEvent = "SELECT " DUCAT_EVENT_COLUMNS " FROM wallet_events WHERE position = $1";
constexpr std::string_view kEventsAfter =
    "SELECT " DUCAT_EVENT_COLUMNS " FROM wallet_events WHERE position > $1 ORDER BY position LIMIT $2";
constexpr std::string_view kWalkBack =
    "WITH RECURSIVE walk (position, wallet, seq, prev, at, body, step) AS ("
    "  SELECT position, wallet, seq, prev, at, body, 1 FROM wallet_events WHERE position = $1"
    "  UNION ALL"
    "  SELECT e.position, e.wallet, e.seq, e.prev, e.at, e.body, walk.step + 1"
    "  FROM walk JOIN wallet_events e ON e.position = walk.prev WHERE walk.step < $2) "
    "SELECT position, wallet, seq, prev, at, body FROM walk";
constexpr std::string_view kMarkFrom =
    "SELECT position, seq FROM wallet_marks WHERE wallet = $1 AND seq >= $2 ORDER BY seq LIMIT 1";
constexpr std::string_view kMarkAfterTime =
    "SELECT position FROM wallet_marks WHERE wallet = $1 AND at > $2 ORDER BY at, seq LIMIT 1";

NamedWallet wallet_from(const Row& row) {
  NamedWallet found;
  found.id = row.text(1);
  found.wallet.no = static_cast<uint64_t>(row.int64(0));
  Wallet& state = found.wallet.state;
  state.currency = static_cast<Currency>(row.int64(2));
  state.status = static_cast<WalletStatus>(row.int64(3));
  state.balance = row.int64(4);
  state.held = row.int64(5);
  state.credit_limit = row.int64(6);
  if (!row.is_null(7)) state.daily_limit = row.int64(7);
  state.day = static_cast<int32_t>(row.int64(8));
  state.day_spent = row.int64(9);
  state.open_holds = static_cast<uint32_t>(row.int64(10));
  found.wallet.events = static_cast<uint64_t>(row.int64(11));
  found.wallet.head = static_cast<Position>(row.int64(12));
  return found;
}

StoredHold hold_from(const Row& row) {
  StoredHold found;
  found.no = static_cast<Position>(row.int64(0));
  if (auto id = Uuid::parse(row.text(1))) found.id.uuid = *id;
  found.wallet = static_cast<uint64_t>(row.int64(2));
  found.hold.state = static_cast<HoldState>(row.int64(3));
  found.hold.amount = row.int64(4);
  found.hold.captured = row.int64(5);
  found.hold.is_transfer = row.int64(6) != 0;
  if (!row.is_null(7)) found.hold.expires_at = Timestamp{row.int64(7)};
  found.hold.created_at = {row.int64(8)};
  found.updated_at = {row.int64(9)};
  found.counterparty = row.text(10);
  found.request_id = row.text(11);
  found.reason = row.text(12);
  return found;
}

StoredEvent event_from(const Row& row) {
  StoredEvent found;
  found.position = static_cast<Position>(row.int64(0));
  found.wallet = static_cast<uint64_t>(row.int64(1));
  found.seq = static_cast<uint64_t>(row.int64(2));
  found.prev = static_cast<Position>(row.int64(3));
  found.at = {row.int64(4)};
  found.body = row.blob(5);
  return found;
}

template <typename T, typename From>
Result<std::vector<T>> all(storage::Connection& connection, std::string_view sql,
                           std::initializer_list<Value> params, From from) {
  std::vector<T> found;
  DUCAT_TRY(connection.query(sql, params, [&](const Row& row) { found.push_back(from(row)); }));
  return found;
}

template <typename T, typename From>
Result<std::optional<T>> one(storage::Connection& connection, std::string_view sql,
                             std::initializer_list<Value> params, From from) {
  std::optional<T> found;
  DUCAT_TRY(connection.query(sql, params, [&](const Row& row) { found = from(row); }));
  return found;
}

int64_t signed_of(uint64_t value) {
  return static_cast<int64_t>(value);
}

Result<uint64_t> count(storage::Connection& connection, std::string_view sql) {
  uint64_t rows = 0;
  DUCAT_TRY(connection.query(sql, {}, [&](const Row& row) { rows = static_cast<uint64_t>(row.int64(0)); }));
  return rows;
}

// One statement for each power of two, so that few have to be prepared; places left over repeat the last id.
std::string wallets_by_ids(size_t count) {
  std::string sql =
      "SELECT " DUCAT_WALLET_COLUMNS " FROM wallet_names n JOIN wallets w ON w.no = n.no WHERE n.id IN (";
  for (size_t i = 1; i <= count; ++i) sql += (i == 1 ? "$" : ",$") + std::to_string(i);
  return sql + ")";
}

}  // namespace

Result<std::vector<NamedWallet>> find_wallets(storage::Connection& connection,
                                              std::span<const std::string_view> ids) {
  constexpr size_t kMost = 512;
  std::vector<NamedWallet> found;
  std::vector<Value> params;
  while (!ids.empty()) {
    size_t taken = std::min(ids.size(), kMost);
    size_t places = 1;
    while (places < taken) places *= 2;
    params.clear();
    for (size_t i = 0; i < places; ++i) params.emplace_back(ids[std::min(i, taken - 1)]);
    DUCAT_TRY(connection.query(wallets_by_ids(places), params,
                               [&](const Row& row) { found.push_back(wallet_from(row)); }));
    ids = ids.subspan(taken);
  }
  return found;
}

Result<std::optional<NamedWallet>> find_wallet(storage::Connection& connection, uint64_t no) {
  return one<NamedWallet>(connection, kWalletByNo, {signed_of(no)}, wallet_from);
}

Result<std::vector<NamedWallet>> wallets_after(storage::Connection& connection, uint64_t after,
                                               int64_t limit) {
  return all<NamedWallet>(connection, kWalletsAfter, {signed_of(after), limit}, wallet_from);
}

Result<uint64_t> last_wallet_no(storage::Connection& connection) {
  uint64_t last = 0;
  DUCAT_TRY(connection.query("SELECT no FROM wallets ORDER BY no DESC LIMIT 1", {},
                             [&](const Row& row) { last = static_cast<uint64_t>(row.int64(0)); }));
  return last;
}

Result<std::vector<Account>> all_accounts(storage::Connection& connection) {
  return all<Account>(connection,
                      "SELECT kind, currency, balance FROM wallet_accounts ORDER BY kind, currency", {},
                      [](const Row& row) {
                        return Account{static_cast<AccountKind>(row.int64(0)),
                                       static_cast<Currency>(row.int64(1)), row.int64(2)};
                      });
}

Result<std::optional<StoredHold>> find_hold(storage::Connection& connection, Position no) {
  return one<StoredHold>(connection, kHoldByNo, {signed_of(no)}, hold_from);
}

Result<std::vector<StoredHold>> holds_of(storage::Connection& connection, uint64_t wallet, int64_t state,
                                         int64_t limit, int64_t offset) {
  return all<StoredHold>(
      connection, kHoldsOf,
      {signed_of(wallet), std::max<int64_t>(state, 0), state < 0 ? INT64_MAX : state, limit, offset},
      hold_from);
}

Result<std::vector<StoredHold>> expired_holds(storage::Connection& connection, Timestamp now, int64_t limit) {
  return all<StoredHold>(connection, kExpired, {now.micros, limit}, hold_from);
}

Result<std::vector<StoredHold>> open_transfers(storage::Connection& connection, Timestamp before,
                                               int64_t limit) {
  return all<StoredHold>(connection, kOpenTransfers, {before.micros, limit}, hold_from);
}

Result<uint64_t> count_holds(storage::Connection& connection) {
  return count(connection, "SELECT count(*) FROM wallet_holds");
}

Result<std::optional<StoredMark>> find_mark(storage::Connection& connection, uint64_t wallet, uint64_t seq) {
  return one<StoredMark>(connection,
                         "SELECT wallet, seq, position, at FROM wallet_marks WHERE wallet = $1 AND seq = $2",
                         {signed_of(wallet), signed_of(seq)}, [](const Row& row) {
                           return StoredMark{static_cast<uint64_t>(row.int64(0)),
                                             static_cast<uint64_t>(row.int64(1)),
                                             static_cast<Position>(row.int64(2)),
                                             {row.int64(3)}};
                         });
}

Result<uint64_t> count_marks(storage::Connection& connection) {
  return count(connection, "SELECT count(*) FROM wallet_marks");
}

Result<std::optional<StoredEvent>> find_event(storage::Connection& connection, Position position) {
  return one<StoredEvent>(connection, kEvent, {signed_of(position)}, event_from);
}

Result<std::vector<StoredEvent>> events_after(storage::Connection& connection, Position after,
                                              int64_t limit) {
  return all<StoredEvent>(connection, kEventsAfter, {signed_of(after), limit}, event_from);
}

Result<std::vector<StoredEvent>> walk_back(storage::Connection& connection, Position from, int64_t limit) {
  return all<StoredEvent>(connection, kWalkBack, {signed_of(from), limit}, event_from);
}

Result<Position> position_of(storage::Connection& connection, const StoredWallet& wallet, uint64_t seq) {
  if (seq == 0 || seq > wallet.events) return Position{0};
  Position at = wallet.head;
  uint64_t at_seq = wallet.events;
  DUCAT_TRY(connection.query(kMarkFrom, {signed_of(wallet.no), signed_of(seq)}, [&](const Row& row) {
    at = static_cast<Position>(row.int64(0));
    at_seq = static_cast<uint64_t>(row.int64(1));
  }));
  if (at_seq == seq) return at;
  DUCAT_ASSIGN(std::vector<StoredEvent> steps, walk_back(connection, at, signed_of(at_seq - seq + 1)));
  if (steps.size() != at_seq - seq + 1) return fail(Errc::kCorrupt, "a wallet's history has a gap");
  return steps.back().position;
}

Result<std::optional<StoredEvent>> event_at(storage::Connection& connection, const StoredWallet& wallet,
                                            Timestamp time) {
  Position from = wallet.head;
  DUCAT_TRY(connection.query(kMarkAfterTime, {signed_of(wallet.no), time.micros},
                             [&](const Row& row) { from = static_cast<Position>(row.int64(0)); }));
  DUCAT_ASSIGN(std::vector<StoredEvent> steps, walk_back(connection, from, kMarkEvery + 1));
  for (StoredEvent& step : steps) {
    if (step.at <= time) return std::optional(std::move(step));
  }
  return std::optional<StoredEvent>();
}

}  // namespace ducat::wallet
