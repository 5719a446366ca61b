// First phase of a two-phase movement: the amount stays in the balance and is not available any more.
#pragma once

#include <optional>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct PlaceHold {
  Decimal amount;
  std::optional<Timestamp> expires_at;  // none: until it is captured or voided
};

// Judged as a withdrawal: amount, expires_at in the future, the wallet is there, ACTIVE, daily limit,
// available funds. The context's new_id becomes the hold's. Events: kFundsHeld.
Decision decide(const Wallet* wallet, const PlaceHold& command, const Context& context);

}  // namespace ducat::wallet
