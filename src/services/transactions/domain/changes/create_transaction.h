// A new transaction, PENDING.
#pragma once

#include <optional>
#include <string_view>

#include "services/transactions/domain/decision.h"

namespace ducat::transactions {

struct CreateTransaction {
  Decimal amount;
  Currency currency = Currency::kNone;  // an offered one
  std::optional<std::string_view> description{};
  std::optional<std::string_view> metadata{};
};

// Refused: kAmountTooSmall, kAmountTooPrecise.
Decision decide(const CreateTransaction& command, const Context& context);

}  // namespace ducat::transactions
