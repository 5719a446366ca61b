// How far below zero spending may take a wallet.
#pragma once

#include <string_view>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct SetCreditLimit {
  Decimal limit;            // 0: no credit
  std::string_view reason;  // for the history; may be empty
};

// Judged in this order: limit (not negative, no more precise than the currency), the wallet is there and not
// closed. A limit below what has been used is accepted: the wallet stays where it is and spends nothing until
// it is back within the limit. The limit it has already gives no events. Events: kLimitChanged.
Decision decide(const Wallet* wallet, const SetCreditLimit& command, const Context& context);

}  // namespace ducat::wallet
