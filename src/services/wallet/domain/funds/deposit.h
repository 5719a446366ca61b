// Money comes in from outside. The first deposit makes the wallet.
#pragma once

#include <optional>
#include <string_view>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct Deposit {
  std::string_view wallet_id;  // named in WALLET_CREATED, should it come to that
  Decimal amount;
  std::optional<Currency> currency;  // none: the wallet's, or kDefaultCurrency for a new one
};

// Judged in this order: amount (in the currency given), ACTIVE, currency, what a balance can hold.
// Events: [kWalletCreated], kFundsDeposited.
Decision decide(const Wallet* wallet, const Deposit& command, const Context& context);

}  // namespace ducat::wallet
