// See refusal.h.
#include "services/transactions/domain/refusal.h"

namespace ducat::transactions {

RenderedRefusal render(const Refusal& refusal) {
  switch (refusal.kind) {
    case RefusalKind::kAmountTooSmall:
      return {400, {}, "amount must not be less than 0.01", "amount"};
    case RefusalKind::kAmountTooPrecise:
      return {400, {}, "amount must be a number conforming to the specified constraints", "amount"};
    case RefusalKind::kNotFound:
      return {404, {}, "Transaction not found"};
    case RefusalKind::kStaleVersion:
      return {409, "CONFLICT",
              "The transaction has been changed since; its version is " + std::to_string(refusal.version)};
    case RefusalKind::kNotDeleted:
      return {409, "CONFLICT", "The transaction is not deleted"};
    case RefusalKind::kStatusMove:
      return {422, "INVALID_STATUS_TRANSITION",
              "Cannot change status from " + std::string(to_string(refusal.from)) + " to " +
                  std::string(to_string(refusal.to))};
    case RefusalKind::kKeyReused:
      return {422, "IdempotencyKeyReuseError",
              "The idempotency key was used before with a different request"};
    case RefusalKind::kTransactionIsBusy:
      return {409, "CONFLICT", "Another change of this transaction is still running"};
    case RefusalKind::kKeyIsBusy:
      return {409, "CONFLICT", "A request with this idempotency key is still running"};
    case RefusalKind::kTooManyOpen:
    case RefusalKind::kNoSuchChange:
    case RefusalKind::kNotDue:
      return {503, {}, "Too many changes wait for their audit record; try again"};
  }
  return {};
}

}  // namespace ducat::transactions
