// Money goes from one wallet to another of the same shard: both legs in one commit. Between shards it is a
// saga: reserve_transfer.h on the sender, credit_transfer.h on the receiver, then settle_transfer.h or
// compensate_transfer.h on the sender.
#pragma once

#include <string_view>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct Transfer {
  std::string_view from_id;
  std::string_view to_id;
  Decimal amount;
};

// Judged in this order: amount, not to itself, the sender is there, same currency, sender ACTIVE, receiver
// ACTIVE, daily limit, available funds, what the receiver's balance can hold. A receiver that does not exist
// (`to` null) is made in the sender's currency. The context's new_id becomes the transfer's. Events:
// kFundsWithdrawn (party 0), [kWalletCreated (1)], kFundsDeposited (1).
Decision decide(const Wallet* from, const Wallet* to, const Transfer& command, const Context& context);

}  // namespace ducat::wallet
