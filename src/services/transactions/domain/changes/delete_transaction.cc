#include "services/transactions/domain/changes/delete_transaction.h"

namespace ducat::transactions {

Decision decide(const Transaction* transaction, const DeleteTransaction& command, const Context& context) {
  const Transaction* before = visible_to(transaction, context.requester.user_id);
  if (before == nullptr) return refuse({.kind = RefusalKind::kNotFound});
  if (command.expected_version && *command.expected_version != before->version) {
    return refuse({.kind = RefusalKind::kStaleVersion, .version = before->version});
  }
  Transaction after = *before;
  after.deleted_at = context.now;
  return propose(Change::kDelete, before, std::move(after), context);
}

}  // namespace ducat::transactions
