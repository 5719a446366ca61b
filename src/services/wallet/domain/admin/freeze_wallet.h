// A wallet is stopped: nothing comes in, nothing goes out, nothing is held, until it is unfrozen.
#pragma once

#include <string_view>

#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct FreezeWallet {
  std::string_view reason;  // for the history; may be empty
};

// Freezing a frozen wallet is done already: no events. A closed one is refused (kWalletNotActive).
// Events: kWalletFrozen.
Decision decide(const Wallet* wallet, const FreezeWallet& command, const Context& context);

}  // namespace ducat::wallet
