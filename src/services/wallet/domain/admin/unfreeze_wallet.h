// A frozen wallet may be used again.
#pragma once

#include <string_view>

#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct UnfreezeWallet {
  std::string_view reason;  // for the history; may be empty
};

// Unfreezing an active wallet is done already: no events. A closed one is refused (kWalletNotActive).
// Events: kWalletUnfrozen.
Decision decide(const Wallet* wallet, const UnfreezeWallet& command, const Context& context);

}  // namespace ducat::wallet
