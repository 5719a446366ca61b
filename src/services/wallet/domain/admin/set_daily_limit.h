// How much may be spent in one UTC day.
#pragma once

#include <optional>
#include <string_view>

#include "base/money.h"
#include "services/wallet/domain/decision.h"

namespace ducat::wallet {

struct SetDailyLimit {
  std::optional<Decimal> limit;  // none: no limit; 0: nothing may be spent
  std::string_view reason;       // for the history; may be empty
};

// Judged in this order: limit (not negative, no more precise than the currency), the wallet is there and not
// closed. What has been spent today counts at once; nothing that was accepted is undone. The limit it has
// already gives no events. Events: kLimitChanged.
Decision decide(const Wallet* wallet, const SetDailyLimit& command, const Context& context);

}  // namespace ducat::wallet
