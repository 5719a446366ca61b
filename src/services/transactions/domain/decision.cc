// See decision.h.
#include "services/transactions/domain/decision.h"

#include <utility>

namespace ducat::transactions {

ChangeProposed propose(Change change, const Transaction* before, Transaction after, const Context& context) {
  const Requester& requester = context.requester;
  after.version = before == nullptr ? 1 : before->version + 1;
  after.updated_at = context.now;
  ChangeProposed proposed;
  proposed.correlation = context.correlation;
  proposed.change = change;
  if (before != nullptr) proposed.before = std::make_shared<const Transaction>(*before);
  proposed.after = std::make_shared<const Transaction>(std::move(after));
  proposed.ip_address = requester.ip_address;
  proposed.user_agent = requester.user_agent;
  proposed.traceparent = requester.traceparent;
  proposed.deadline = context.now + context.audit_timeout;
  proposed.idempotency_key = requester.idempotency_key;
  proposed.fingerprint = requester.fingerprint;
  return proposed;
}

const Transaction* visible_to(const Transaction* transaction, std::string_view user_id) {
  bool visible = transaction != nullptr && transaction->user_id == user_id && !transaction->deleted_at;
  return visible ? transaction : nullptr;
}

}  // namespace ducat::transactions
