// How an open change ends, and how a deleted transaction does. Whichever of confirming and rolling back is
// judged first wins; the other one finds no open change.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "services/transactions/domain/events.h"
#include "services/transactions/domain/refusal.h"

namespace ducat::transactions {

// What is kept of a proposal until it is decided.
struct OpenChange {
  CorrelationId correlation;
  Change change = Change::kCreate;
  TransactionRef after;
  Timestamp deadline;
  std::string idempotency_key;
  uint64_t fingerprint = 0;
};

OpenChange open_change_of(const ChangeProposed& proposed);

// The audit record is durable.
struct ConfirmChange {
  CorrelationId correlation;
  std::string_view audit_log_id;  // not empty
};

// There will be none, or nobody waits for it any longer.
struct RollBackChange {
  CorrelationId correlation;
  std::string_view reason;
};

// The retention of a deleted transaction is over.
struct PurgeTransaction {
  TransactionId id;
};

inline constexpr std::string_view kReasonTimeout = "timeout";

// A null `open` is a change that is not open (any more): kNoSuchChange.
std::expected<ChangeConfirmed, Refusal> decide(const OpenChange* open, const ConfirmChange& command);
std::expected<ChangeRolledBack, Refusal> decide(const OpenChange* open, const RollBackChange& command);
// Refused: kNotFound, kNotDue (not deleted, or not for long enough).
std::expected<TransactionPurged, Refusal> decide(const Transaction* transaction,
                                                 const PurgeTransaction& command, Timestamp now,
                                                 Duration deleted_retention);

}  // namespace ducat::transactions
