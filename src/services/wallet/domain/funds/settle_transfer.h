// Last step of a transfer between shards that succeeded, on the sender: the reservation ends and the money is
// gone.
#pragma once

#include <string_view>

#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/hold.h"

namespace ducat::wallet {

struct SettleTransfer {
  SagaId saga;
  std::string_view to_id;
};

// The receiver has the money, so a frozen sender does not stop it. May be repeated: a settled transfer gives
// no events. Refused (kHoldNotFound, kHoldNotActive) if there is no such reservation or it was compensated,
// which a saga that keeps its order never sees. Events: kFundsWithdrawn with the hold; it was counted on the
// day's spending when it was reserved.
Decision decide(const Wallet* from, const Hold* reservation, const SettleTransfer& command,
                const Context& context);

}  // namespace ducat::wallet
