// A wallet ends. That is final: its id cannot be used again.
#pragma once

#include <string_view>

#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct CloseWallet {
  std::string_view reason;  // for the history; may be empty
};

// Judged in this order: not closed yet (kWalletNotActive), balance zero and no holds (kWalletNotEmpty). A
// frozen wallet may be closed. Events: kWalletClosed.
Decision decide(const Wallet* wallet, const CloseWallet& command, const Context& context);

}  // namespace ducat::wallet
