// A hold's time is over: the timer's command, which frees what the hold still keeps.
#pragma once

#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/hold.h"

namespace ducat::wallet {

struct ExpireHold {
  HoldId hold;
};

// A timer may come twice, late or too early: a hold that is not HELD any more, or whose time is not over,
// gives no events. Refused only if the wallet or the hold does not exist. Events: kHoldVoided with reason
// "expired".
Decision decide(const Wallet* wallet, const Hold* hold, const ExpireHold& command, const Context& context);

}  // namespace ducat::wallet
