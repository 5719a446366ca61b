// See amount.h.
#include "services/transactions/domain/changes/amount.h"

namespace ducat::transactions {

std::expected<Money, Refusal> judge_amount(Decimal amount, Currency currency) {
  if (amount.significand <= 0) return refuse({.kind = RefusalKind::kAmountTooSmall});
  auto minor = to_minor(amount, currency);
  if (!minor) return refuse({.kind = RefusalKind::kAmountTooPrecise});
  return Money{*minor, currency};
}

}  // namespace ducat::transactions
