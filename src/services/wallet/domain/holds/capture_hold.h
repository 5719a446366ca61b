// Second phase of a two-phase movement: what was held leaves the wallet, all of it or a part; the rest is
// free again.
#pragma once

#include <optional>

#include "base/money.h"
#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/hold.h"

namespace ducat::wallet {

struct CaptureHold {
  HoldId hold;
  std::optional<Decimal> amount;  // none: all that is held
};

// Judged in this order: amount, the wallet is there, the hold is there and HELD, the wallet is ACTIVE, no
// more than is held. What was not captured is given back to the daily limit (judging.h). Events:
// kHoldCaptured.
Decision decide(const Wallet* wallet, const Hold* hold, const CaptureHold& command, const Context& context);

}  // namespace ducat::wallet
