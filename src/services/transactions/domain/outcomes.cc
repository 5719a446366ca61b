// See outcomes.h.
#include "services/transactions/domain/outcomes.h"

namespace ducat::transactions {

OpenChange open_change_of(const ChangeProposed& proposed) {
  return {proposed.correlation, proposed.change,          proposed.after,
          proposed.deadline,    proposed.idempotency_key, proposed.fingerprint};
}

std::expected<ChangeConfirmed, Refusal> decide(const OpenChange* open, const ConfirmChange& command) {
  if (open == nullptr) return refuse({.kind = RefusalKind::kNoSuchChange});
  return ChangeConfirmed{open->correlation, open->change, std::string(command.audit_log_id), open->after};
}

std::expected<ChangeRolledBack, Refusal> decide(const OpenChange* open, const RollBackChange& command) {
  if (open == nullptr) return refuse({.kind = RefusalKind::kNoSuchChange});
  return ChangeRolledBack{open->correlation, open->change, open->after->id, open->after->user_id,
                          std::string(command.reason)};
}

std::expected<TransactionPurged, Refusal> decide(const Transaction* transaction, const PurgeTransaction&,
                                                 Timestamp now, Duration deleted_retention) {
  if (transaction == nullptr) return refuse({.kind = RefusalKind::kNotFound});
  if (!transaction->deleted_at || *transaction->deleted_at + deleted_retention > now) {
    return refuse({.kind = RefusalKind::kNotDue});
  }
  return TransactionPurged{transaction->id};
}

}  // namespace ducat::transactions
