#include "services/transactions/domain/changes/restore_transaction.h"

namespace ducat::transactions {

Decision decide(const Transaction* transaction, const RestoreTransaction&, const Context& context) {
  if (transaction == nullptr || transaction->user_id != context.requester.user_id) {
    return refuse({.kind = RefusalKind::kNotFound});
  }
  if (!transaction->deleted_at) return refuse({.kind = RefusalKind::kNotDeleted});
  if (*transaction->deleted_at + context.deleted_retention <= context.now) {
    return refuse({.kind = RefusalKind::kNotFound});
  }
  Transaction after = *transaction;
  after.deleted_at.reset();
  ChangeProposed proposed = propose(Change::kRestore, transaction, std::move(after), context);
  proposed.fields = kDeletedAtField;
  return proposed;
}

}  // namespace ducat::transactions
