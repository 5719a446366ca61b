// A hold is called off: all of it is available again.
#pragma once

#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/hold.h"

namespace ducat::wallet {

struct VoidHold {
  HoldId hold;
};

// Judged in this order: the wallet is there, the hold is there and HELD. A frozen wallet's holds may be
// voided: that lets nothing out. The amount is given back to the daily limit (judging.h). Events:
// kHoldVoided.
Decision decide(const Wallet* wallet, const Hold* hold, const VoidHold& command, const Context& context);

}  // namespace ducat::wallet
