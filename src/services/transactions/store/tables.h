// The tables of transactions: rows as the engine's thread makes them, and how they are written. Reading
// stands in queries.h, the schema in migrations/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/journal/record.h"
#include "kernel/projection/changes.h"
#include "services/transactions/domain/types.h"

namespace ducat::transactions {

using kernel::Position;

// A transaction's number: the position of the event that proposed it, which is the tail of its id. 0: the id
// is none of ours.
Position number_of(const TransactionId& id);
TransactionId make_transaction_id(Timestamp now, Position position);

// Whose rows they are, in the fewest bytes: 1 and the 16 bytes of a UUID, or 2 and the text of anything else.
std::string owner_key(std::string_view user_id);
std::string user_of(std::string_view owner_key);

// What a batch has changed, in the order in which it happened. Bytes are kept in `bytes`, rows hold their
// places in it.
struct TransactionChanges final : kernel::Changes {
  struct Span {
    size_t offset = 0;
    size_t size = 0;
  };
  struct Version {
    TransactionRef transaction;
    Span body;  // ChangeConfirmed
  };
  struct Proposal {
    Position position = 0;
    Span body;  // ChangeProposed
  };

  Span keep(std::string_view text) {
    Span span{bytes.size(), text.size()};
    bytes.append(text);
    return span;
  }
  std::string_view view(Span span) const { return std::string_view(bytes).substr(span.offset, span.size); }

  std::string bytes;
  std::vector<Version> versions;
  std::vector<Proposal> opened;
  std::vector<Position> closed;
  std::vector<Position> purged;
};

// Creates the tables or brings them up to date.
Status migrate_transaction_tables(storage::Connection& connection);

// Writes batches, in the order of their records, in the connection's transaction.
Status write_transaction_changes(storage::Connection& connection,
                                 std::span<const kernel::Changes* const> changes);

// Empties all of them (before they are made again from the journal), in the connection's transaction.
Status clear_transaction_tables(storage::Connection& connection);

}  // namespace ducat::transactions
