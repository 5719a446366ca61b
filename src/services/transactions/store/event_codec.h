// Events to bytes and back: the message ducat.transactions.v1.StoredEvent
// (contracts/ducat/transactions/v1/events.proto).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/transactions/domain/events.h"

namespace ducat::transactions {

enum class EventType : uint8_t { kUnknown, kProposed, kConfirmed, kRolledBack, kPurged };

// Appends the event's bytes to `out`.
void encode(std::string& out, const Event& event);

// What kind of event the bytes are, from their first byte: readers that want some events need not decode the
// others.
EventType type_of(std::string_view bytes);

// Fields of newer versions are skipped. kCorrupt for anything that encode() did not write.
Result<Event> decode(std::string_view bytes);

// A transaction alone, for answers that are stored with their key.
void encode(std::string& out, const Transaction& transaction);
Result<TransactionRef> decode_transaction(std::string_view bytes);

}  // namespace ducat::transactions
