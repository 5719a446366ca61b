// Bulk writes. A transaction that several batches changed is written once, as the last one left it; a
// proposal that was decided in the same commit is not written at all.
#include "services/transactions/store/tables.h"

#include <algorithm>

#include "generated/transactions_migrations.h"

namespace ducat::transactions {
namespace {

using storage::BulkTable;
using storage::Column;
using storage::ColumnBatch;
using storage::ColumnType;
using storage::OnConflict;
using storage::Value;

constexpr auto kInt = ColumnType::kInt64;
constexpr auto kText = ColumnType::kText;
constexpr auto kBlob = ColumnType::kBlob;

constexpr Column kTransactionColumns[] = {{"no", kInt},           {"owner", kBlob},     {"created_at", kInt},
                                          {"updated_at", kInt},   {"deleted_at", kInt}, {"status", kInt},
                                          {"currency", kInt},     {"amount", kInt},     {"version", kInt},
                                          {"description", kText}, {"metadata", kText}};
constexpr BulkTable kTransactions{"transactions", kTransactionColumns, 1, OnConflict::kReplace};

constexpr Column kVersionColumns[] = {{"no", kInt}, {"version", kInt}, {"at", kInt}, {"body", kBlob}};
constexpr BulkTable kVersions{"transaction_versions", kVersionColumns, 2, OnConflict::kReplace};

constexpr Column kProposalColumns[] = {{"position", kInt}, {"body", kBlob}};
constexpr BulkTable kProposals{"transaction_proposals", kProposalColumns, 1, OnConflict::kReplace};

constexpr std::string_view kAllTables[] = {"transactions", "transaction_versions", "transaction_proposals"};

constexpr char kUuidOwner = 1;
constexpr char kTextOwner = 2;

using Batches = std::span<const kernel::Changes* const>;

const TransactionChanges& batch_of(const kernel::Changes* changes) {
  return *static_cast<const TransactionChanges*>(changes);
}

void add_optional(ColumnBatch& rows, const std::optional<std::string>& text) {
  text ? rows.add(std::string_view(*text)) : rows.add_null();
}

// The newest of each transaction, by number.
std::vector<const Transaction*> newest(Batches batches) {
  std::vector<const Transaction*> all;
  for (const kernel::Changes* changes : batches) {
    for (const auto& version : batch_of(changes).versions) all.push_back(version.transaction.get());
  }
  auto before = [](const Transaction* a, const Transaction* b) {
    return number_of(a->id) < number_of(b->id);
  };
  std::stable_sort(all.begin(), all.end(), before);
  auto kept = all.begin();
  for (auto at = all.begin(); at != all.end(); ++at) {
    bool superseded = at + 1 != all.end() && (*at)->id == (*(at + 1))->id;
    if (!superseded) *kept++ = *at;
  }
  all.erase(kept, all.end());
  return all;
}

Status write_transactions(storage::Connection& connection, Batches batches) {
  std::vector<const Transaction*> all = newest(batches);
  std::vector<std::string> owners;  // stay put until the write is done
  owners.reserve(all.size());
  ColumnBatch rows(kTransactionColumns);
  for (const Transaction* transaction : all) {
    owners.push_back(owner_key(transaction->user_id));
    rows.add(static_cast<int64_t>(number_of(transaction->id)));
    rows.add(std::string_view(owners.back()));
    rows.add(transaction->created_at.micros);
    rows.add(transaction->updated_at.micros);
    transaction->deleted_at ? rows.add(transaction->deleted_at->micros) : rows.add_null();
    rows.add(static_cast<int64_t>(transaction->status));
    rows.add(static_cast<int64_t>(transaction->amount.currency));
    rows.add(hundredths_of(transaction->amount));
    rows.add(static_cast<int64_t>(transaction->version));
    add_optional(rows, transaction->description);
    add_optional(rows, transaction->metadata);
  }
  return connection.write(kTransactions, rows);
}

Status write_versions(storage::Connection& connection, Batches batches) {
  struct Placed {
    const Transaction* transaction;
    std::string_view body;
  };
  std::vector<Placed> all;
  for (const kernel::Changes* changes : batches) {
    const TransactionChanges& batch = batch_of(changes);
    for (const auto& version : batch.versions) {
      all.push_back({version.transaction.get(), batch.view(version.body)});
    }
  }
  std::sort(all.begin(), all.end(), [](const Placed& a, const Placed& b) {
    return std::pair(number_of(a.transaction->id), a.transaction->version) <
           std::pair(number_of(b.transaction->id), b.transaction->version);
  });
  ColumnBatch rows(kVersionColumns);
  for (const Placed& version : all) {
    rows.add(static_cast<int64_t>(number_of(version.transaction->id)));
    rows.add(static_cast<int64_t>(version.transaction->version));
    rows.add(version.transaction->updated_at.micros);
    rows.add(version.body);
  }
  return connection.write(kVersions, rows);
}

// "DELETE FROM t WHERE c IN ($1,…)", one text for each power of two, so that few have to be prepared; places
// left over repeat the last number. Numbers that are not there do no harm.
Status remove(storage::Connection& connection, std::string_view head, const std::vector<Position>& numbers) {
  constexpr size_t kMost = 512;
  std::vector<Value> params;
  for (size_t from = 0; from < numbers.size(); from += kMost) {
    size_t taken = std::min(numbers.size() - from, kMost);
    size_t places = 1;
    while (places < taken) places *= 2;
    std::string sql(head);
    params.clear();
    for (size_t i = 0; i < places; ++i) {
      sql += (i == 0 ? "$" : ",$") + std::to_string(i + 1);
      params.emplace_back(static_cast<int64_t>(numbers[from + std::min(i, taken - 1)]));
    }
    DUCAT_TRY(connection.execute(sql + ")", params));
  }
  return {};
}

// What a batch has closed is deleted whether an earlier commit wrote it or not: one whose outcome was unknown
// may have.
Status write_proposals(storage::Connection& connection, Batches batches) {
  std::vector<Position> closed;
  for (const kernel::Changes* changes : batches) {
    const TransactionChanges& batch = batch_of(changes);
    closed.insert(closed.end(), batch.closed.begin(), batch.closed.end());
  }
  std::sort(closed.begin(), closed.end());
  ColumnBatch rows(kProposalColumns);
  for (const kernel::Changes* changes : batches) {
    const TransactionChanges& batch = batch_of(changes);
    for (const auto& proposal : batch.opened) {
      if (std::binary_search(closed.begin(), closed.end(), proposal.position)) continue;
      rows.add(static_cast<int64_t>(proposal.position));
      rows.add(batch.view(proposal.body));
    }
  }
  DUCAT_TRY(connection.write(kProposals, rows));
  return remove(connection, "DELETE FROM transaction_proposals WHERE position IN (", closed);
}

}  // namespace

Position number_of(const TransactionId& id) {
  return uuid7_tail(id.uuid);
}

TransactionId make_transaction_id(Timestamp now, Position position) {
  return {make_uuid7_located(now, position)};
}

std::string owner_key(std::string_view user_id) {
  std::string key;
  if (auto uuid = Uuid::parse(user_id); uuid && uuid->to_string() == user_id) {
    key.push_back(kUuidOwner);
    key.append(reinterpret_cast<const char*>(uuid->bytes.data()), uuid->bytes.size());
    return key;
  }
  key.push_back(kTextOwner);
  key.append(user_id);
  return key;
}

std::string user_of(std::string_view owner_key) {
  if (owner_key.size() == 17 && owner_key[0] == kUuidOwner) {
    Uuid uuid;
    std::copy(owner_key.begin() + 1, owner_key.end(), uuid.bytes.begin());
    return uuid.to_string();
  }
  return std::string(owner_key.substr(std::min<size_t>(1, owner_key.size())));
}

Status migrate_transaction_tables(storage::Connection& connection) {
  return storage::migrate(connection, "transactions", storage::transactions_migrations());
}

Status write_transaction_changes(storage::Connection& connection, Batches batches) {
  DUCAT_TRY(write_proposals(connection, batches));
  DUCAT_TRY(write_versions(connection, batches));
  DUCAT_TRY(write_transactions(connection, batches));
  // A number is purged once and never used again, so that these come last.
  for (const kernel::Changes* changes : batches) {
    const TransactionChanges& batch = batch_of(changes);
    DUCAT_TRY(remove(connection, "DELETE FROM transaction_versions WHERE no IN (", batch.purged));
    DUCAT_TRY(remove(connection, "DELETE FROM transactions WHERE no IN (", batch.purged));
  }
  return {};
}

Status clear_transaction_tables(storage::Connection& connection) {
  for (std::string_view table : kAllTables) {
    DUCAT_TRY(connection.execute("DELETE FROM " + std::string(table)));
  }
  return {};
}

}  // namespace ducat::transactions
