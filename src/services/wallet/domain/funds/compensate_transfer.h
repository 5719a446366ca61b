// Last step of a transfer between shards whose receiver refused it, on the sender: the reservation ends,
// nothing has moved, and the day's spending is given back.
#pragma once

#include <string_view>

#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/hold.h"

namespace ducat::wallet {

struct CompensateTransfer {
  SagaId saga;
  std::string_view to_id;
  std::string_view reason;  // for the history: why the receiver refused
};

// A frozen sender does not stop it. May be repeated: a compensated transfer gives no events. Refused
// (kHoldNotFound, kHoldNotActive) if there is no such reservation or it was settled. Events:
// kTransferCompensated.
Decision decide(const Wallet* from, const Hold* reservation, const CompensateTransfer& command,
                const Context& context);

}  // namespace ducat::wallet
