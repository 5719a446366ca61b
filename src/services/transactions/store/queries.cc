// SQL of the reads; the same text for both engines.
#include "services/transactions/store/queries.h"

#include "services/transactions/store/event_codec.h"

namespace ducat::transactions {
namespace {

using storage::Blob;
using storage::Row;
using storage::Value;

#define DUCAT_TRANSACTION_COLUMNS                                                             \
  "t.no, t.owner, t.created_at, t.updated_at, t.deleted_at, t.status, t.currency, t.amount, " \
  "t.version, t.description, t.metadata"
// Bounds that nobody gave are the widest. The plus keeps a column from choosing the index: the one that the
// order needs is the right one, and it holds no rows but the owner's.
#define DUCAT_FILTERS                                                                                 \
  " WHERE owner = $1 AND deleted_at IS NULL AND +status >= $2 AND +status <= $3 AND +currency >= $4 " \
  "AND +currency <= $5 "
#define DUCAT_BY_CREATION \
  DUCAT_FILTERS "AND +amount >= $6 AND +amount <= $7 AND created_at >= $8 AND created_at <= $9"
#define DUCAT_BY_UPDATE \
  DUCAT_FILTERS "AND +amount >= $6 AND +amount <= $7 AND +created_at >= $8 AND +created_at <= $9"
#define DUCAT_BY_AMOUNT \
  DUCAT_FILTERS "AND amount >= $6 AND amount <= $7 AND +created_at >= $8 AND +created_at <= $9"
#define DUCAT_PAGE " LIMIT $10 OFFSET $11"

// The page's numbers first, from the index; then their rows.
#define DUCAT_LIST(where, column, order)                                                             \
  "SELECT " DUCAT_TRANSACTION_COLUMNS " FROM (SELECT no FROM transactions" where " ORDER BY " column \
  " " order ", no " order DUCAT_PAGE                                                                 \
  ") page JOIN transactions t ON t.no = page.no "                                                    \
  "ORDER BY t." column " " order ", t.no " order

constexpr std::string_view kCount = "SELECT count(*) FROM transactions" DUCAT_BY_CREATION;
constexpr std::string_view kLists[][2] = {
    {DUCAT_LIST(DUCAT_BY_CREATION, "created_at", "ASC"), DUCAT_LIST(DUCAT_BY_CREATION, "created_at", "DESC")},
    {DUCAT_LIST(DUCAT_BY_UPDATE, "updated_at", "ASC"), DUCAT_LIST(DUCAT_BY_UPDATE, "updated_at", "DESC")},
    {DUCAT_LIST(DUCAT_BY_AMOUNT, "amount", "ASC"), DUCAT_LIST(DUCAT_BY_AMOUNT, "amount", "DESC")}};
constexpr std::string_view kVersions =
    "SELECT body, at FROM transaction_versions WHERE no = $1 ORDER BY version DESC LIMIT $2 OFFSET $3";
constexpr std::string_view kVersionAt =
    "SELECT body, at FROM transaction_versions WHERE no = $1 AND at <= $2 ORDER BY version DESC LIMIT 1";
constexpr std::string_view kProposals = "SELECT position, body FROM transaction_proposals ORDER BY position";
constexpr std::string_view kDeleted =
    "SELECT no, created_at FROM transactions WHERE deleted_at IS NOT NULL AND deleted_at <= $1 "
    "ORDER BY deleted_at LIMIT $2";
constexpr std::string_view kAfter =
    "SELECT " DUCAT_TRANSACTION_COLUMNS " FROM transactions t WHERE t.no > $1 ORDER BY t.no LIMIT $2";

TransactionRef transaction_from(const Row& row) {
  auto transaction = std::make_shared<Transaction>();
  transaction->created_at = {row.int64(2)};
  transaction->id = make_transaction_id(transaction->created_at, static_cast<Position>(row.int64(0)));
  transaction->user_id = user_of(row.blob(1));
  transaction->updated_at = {row.int64(3)};
  if (!row.is_null(4)) transaction->deleted_at = Timestamp{row.int64(4)};
  transaction->status = static_cast<TransactionStatus>(row.int64(5));
  transaction->amount = money_of(row.int64(7), static_cast<Currency>(row.int64(6)));
  transaction->version = static_cast<uint64_t>(row.int64(8));
  if (!row.is_null(9)) transaction->description = row.text(9);
  if (!row.is_null(10)) transaction->metadata = row.text(10);
  return transaction;
}

// One statement for each power of two, so that few have to be prepared.
std::string by_numbers(size_t count) {
  std::string sql = "SELECT " DUCAT_TRANSACTION_COLUMNS " FROM transactions t WHERE t.no IN (";
  for (size_t i = 1; i <= count; ++i) sql += (i == 1 ? "$" : ",$") + std::to_string(i);
  return sql + ")";
}

Result<std::vector<StoredVersion>> read_versions(storage::Connection& connection, std::string_view sql,
                                                 std::initializer_list<Value> params) {
  std::vector<StoredVersion> versions;
  Status readable;
  DUCAT_TRY(connection.query(sql, params, [&](const Row& row) {
    Result<Event> event = decode(row.blob(0));
    auto* confirmed = event ? std::get_if<ChangeConfirmed>(&*event) : nullptr;
    if (confirmed == nullptr) {
      readable = fail(Errc::kCorrupt, "a version of a transaction cannot be read");
      return;
    }
    versions.push_back({std::move(*confirmed), Timestamp{row.int64(1)}});
  }));
  DUCAT_TRY(std::move(readable));
  return versions;
}

}  // namespace

Result<std::vector<TransactionRef>> find_transactions(storage::Connection& connection,
                                                      std::span<const Position> numbers) {
  constexpr size_t kMost = 512;
  std::vector<TransactionRef> found;
  std::vector<Value> params;
  while (!numbers.empty()) {
    size_t taken = std::min(numbers.size(), kMost);
    size_t places = 1;
    while (places < taken) places *= 2;
    params.clear();
    for (size_t i = 0; i < places; ++i) {
      params.emplace_back(static_cast<int64_t>(numbers[std::min(i, taken - 1)]));
    }
    DUCAT_TRY(connection.query(by_numbers(places), params,
                               [&](const Row& row) { found.push_back(transaction_from(row)); }));
    numbers = numbers.subspan(taken);
  }
  return found;
}

Result<ListPage> list_transactions(storage::Connection& connection, std::string_view user_id,
                                   const ListFilter& filter) {
  std::string owner = owner_key(user_id);
  auto status = static_cast<int64_t>(filter.status.value_or(TransactionStatus{}));
  auto currency = static_cast<int64_t>(filter.currency.value_or(Currency::kNone));
  const Value bounds[] = {Blob{owner},
                          status,
                          filter.status ? status : INT64_MAX,
                          currency,
                          filter.currency ? currency : INT64_MAX,
                          filter.min_hundredths,
                          filter.max_hundredths,
                          filter.from.micros,
                          filter.to.micros,
                          filter.limit,
                          filter.offset};
  ListPage page;
  DUCAT_ASSIGN(auto snapshot, storage::Transaction::begin(connection));
  if (connection.dialect() == storage::Dialect::kPostgres) {
    DUCAT_TRY(connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
  }
  DUCAT_TRY(connection.query(kCount, std::span(bounds).first(9),
                             [&](const Row& row) { page.total = row.int64(0); }));
  if (filter.offset < page.total) {
    std::string_view sql = kLists[static_cast<size_t>(filter.sort_by)][filter.descending ? 1 : 0];
    DUCAT_TRY(connection.query(sql, bounds,
                               [&](const Row& row) { page.transactions.push_back(transaction_from(row)); }));
  }
  DUCAT_TRY(snapshot.commit());
  return page;
}

Result<std::vector<StoredVersion>> versions_of(storage::Connection& connection, Position number,
                                               int64_t limit, int64_t offset) {
  return read_versions(connection, kVersions, {static_cast<int64_t>(number), limit, offset});
}

Result<std::optional<StoredVersion>> version_at(storage::Connection& connection, Position number,
                                                Timestamp at) {
  DUCAT_ASSIGN(std::vector<StoredVersion> found,
               read_versions(connection, kVersionAt, {static_cast<int64_t>(number), at.micros}));
  if (found.empty()) return std::optional<StoredVersion>();
  return std::optional(std::move(found.front()));
}

Result<std::vector<StoredProposal>> open_proposals(storage::Connection& connection) {
  std::vector<StoredProposal> open;
  Status readable;
  DUCAT_TRY(connection.query(kProposals, {}, [&](const Row& row) {
    Result<Event> event = decode(row.blob(1));
    auto* proposed = event ? std::get_if<ChangeProposed>(&*event) : nullptr;
    if (proposed == nullptr) {
      readable = fail(Errc::kCorrupt, "an open change cannot be read");
      return;
    }
    open.push_back({static_cast<Position>(row.int64(0)), std::move(*proposed)});
  }));
  DUCAT_TRY(std::move(readable));
  return open;
}

Result<std::vector<TransactionId>> deleted_before(storage::Connection& connection, Timestamp time,
                                                  int64_t limit) {
  std::vector<TransactionId> ids;
  DUCAT_TRY(connection.query(kDeleted, {time.micros, limit}, [&](const Row& row) {
    ids.push_back(make_transaction_id(Timestamp{row.int64(1)}, static_cast<Position>(row.int64(0))));
  }));
  return ids;
}

Result<std::vector<TransactionRef>> transactions_after(storage::Connection& connection, Position after,
                                                       int64_t limit) {
  std::vector<TransactionRef> found;
  DUCAT_TRY(connection.query(kAfter, {static_cast<int64_t>(after), limit},
                             [&](const Row& row) { found.push_back(transaction_from(row)); }));
  return found;
}

}  // namespace ducat::transactions
