// What happens to transactions. A change is proposed, which nobody sees; then it is confirmed, with the id of
// its durable audit record, or rolled back. Nothing else makes a version visible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "services/transactions/domain/types.h"

namespace ducat::transactions {

// Stored, so the numbers never change.
enum class Change : uint8_t { kCreate = 1, kUpdate = 2, kDelete = 3, kRestore = 4 };

// As audit records and histories call it: "CREATE", "UPDATE", "DELETE"; a restore is an UPDATE of
// `deletedAt`.
std::string_view action_of(Change change);

// Fields of a transaction that an update names, as bits. Stored.
enum Field : uint32_t {
  kAmountField = 1,
  kCurrencyField = 2,
  kStatusField = 4,
  kDescriptionField = 8,
  kMetadataField = 16,
  kDeletedAtField = 32,
};
// "amount", "currency" …
std::vector<std::string_view> field_names(uint32_t fields);

struct ChangeProposed {
  CorrelationId correlation;
  Change change = Change::kCreate;
  TransactionRef before;  // null for a create
  TransactionRef after;
  uint32_t fields = 0;  // that were named; 0 for a create and a delete
  std::string ip_address;
  std::string user_agent;
  std::string traceparent;
  Timestamp deadline;           // from then on it may be rolled back if nobody has decided
  std::string idempotency_key;  // caller, operation and the caller's key; empty: none
  uint64_t fingerprint = 0;
};

struct ChangeConfirmed {
  CorrelationId correlation;
  Change change = Change::kCreate;
  std::string audit_log_id;
  TransactionRef after;
};

struct ChangeRolledBack {
  CorrelationId correlation;
  Change change = Change::kCreate;
  TransactionId transaction;
  std::string user_id;
  std::string reason;
};

struct TransactionPurged {
  TransactionId transaction;
};

using Event = std::variant<ChangeProposed, ChangeConfirmed, ChangeRolledBack, TransactionPurged>;

}  // namespace ducat::transactions
