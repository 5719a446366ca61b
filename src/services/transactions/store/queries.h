// Reads of the tables of transactions. Any thread with a connection of its own.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/transactions/domain/events.h"
#include "services/transactions/store/tables.h"

namespace ducat::transactions {

enum class SortBy : uint8_t { kCreatedAt, kUpdatedAt, kAmount };

// Which of a user's transactions, and which page of them. Bounds are inclusive.
struct ListFilter {
  std::optional<TransactionStatus> status{};
  std::optional<Currency> currency{};
  int64_t min_hundredths = 0;  // of the currency's unit
  int64_t max_hundredths = INT64_MAX;
  Timestamp from{0};  // of the creation
  Timestamp to{INT64_MAX};
  SortBy sort_by = SortBy::kCreatedAt;
  bool descending = true;
  int64_t limit = 10;
  int64_t offset = 0;
};

struct ListPage {
  std::vector<TransactionRef> transactions;
  int64_t total = 0;  // of all pages
};

// A version with the event that made it visible.
struct StoredVersion {
  ChangeConfirmed confirmed;
  Timestamp at;  // when it was proposed
};

struct StoredProposal {
  Position position = 0;
  ChangeProposed proposed;
};

// Those of the numbers that are there, deleted ones as well.
Result<std::vector<TransactionRef>> find_transactions(storage::Connection& connection,
                                                      std::span<const Position> numbers);
// Total and page are of one moment.
Result<ListPage> list_transactions(storage::Connection& connection, std::string_view user_id,
                                   const ListFilter& filter);
// Newest first.
Result<std::vector<StoredVersion>> versions_of(storage::Connection& connection, Position number,
                                               int64_t limit, int64_t offset);
// The newest version at or before the time.
Result<std::optional<StoredVersion>> version_at(storage::Connection& connection, Position number,
                                                Timestamp at);
// All that are open, in the order of their positions.
Result<std::vector<StoredProposal>> open_proposals(storage::Connection& connection);
// Deleted at or before the time, the oldest first.
Result<std::vector<TransactionId>> deleted_before(storage::Connection& connection, Timestamp time,
                                                  int64_t limit);
// All in the order of their numbers, deleted ones as well, a page at a time.
Result<std::vector<TransactionRef>> transactions_after(storage::Connection& connection, Position after,
                                                       int64_t limit);

}  // namespace ducat::transactions
