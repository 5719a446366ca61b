// First step of a transfer between shards, on the sender: the amount is held under the transfer's own id.
#pragma once

#include <string_view>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct ReserveTransfer {
  std::string_view from_id;
  std::string_view to_id;
  Decimal amount;
};

// Judged as a transfer (transfer.h), without what only the receiver's shard knows. The context's new_id
// becomes the transfer's and its hold's. The hold has no time limit: the saga always ends it. Events:
// kFundsHeld.
Decision decide(const Wallet* from, const ReserveTransfer& command, const Context& context);

}  // namespace ducat::wallet
