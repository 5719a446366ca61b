// The wallet's messages as the risk service reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/risk/domain/history.h"

namespace ducat::risk {

// A movement that owns its texts.
struct WalletMovement {
  std::string wallet_id;
  std::string receiver;
  MovementKind kind = MovementKind::kDeposit;
  Timestamp at;
  Money amount;

  Movement view() const { return {wallet_id, kind, at, amount, receiver}; }
};

// The movement in a message's `data`; none if it is not one of the wallet's owner: the receiver's side of a
// transfer, or another type of event. Members it does not know are skipped. kInvalid for what cannot be read.
Result<std::optional<WalletMovement>> read_wallet_event(std::string_view data);

}  // namespace ducat::risk
