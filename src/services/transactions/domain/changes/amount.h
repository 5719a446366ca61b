// What amounts a transaction may have.
#pragma once

#include <expected>

#include "services/transactions/domain/refusal.h"

namespace ducat::transactions {

// The amount in minor units: at least 0.01, with no more decimals than the currency has.
std::expected<Money, Refusal> judge_amount(Decimal amount, Currency currency);

}  // namespace ducat::transactions
