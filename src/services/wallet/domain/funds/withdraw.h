// Money goes out.
#pragma once

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct Withdraw {
  Decimal amount;
};

// Judged in this order: amount, the wallet is there, ACTIVE, daily limit, available funds.
// Events: kFundsWithdrawn.
Decision decide(const Wallet* wallet, const Withdraw& command, const Context& context);

}  // namespace ducat::wallet
