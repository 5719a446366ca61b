// Second step of a transfer between shards, on the receiver: the amount arrives. Its commit is the point of
// no return: refused, the saga compensates; done, it settles.
#pragma once

#include <string_view>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct CreditTransfer {
  SagaId saga;
  std::string_view from_id;
  std::string_view to_id;
  Money amount;  // as reserved
};

// Carried out once for each saga: the caller sees to that with the saga's id as idempotency key. Judged in
// this order: currency, ACTIVE, what the balance can hold. A receiver that does not exist is made. Events:
// [kWalletCreated], kFundsDeposited. Refusals name party 1.
Decision decide(const Wallet* to, const CreditTransfer& command, const Context& context);

}  // namespace ducat::wallet
