#include "services/wallet/domain/holds/expire_hold.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const Hold* hold, const ExpireHold& command, const Context& context) {
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (hold == nullptr || hold->is_transfer) {
    return refuse({.kind = RefusalKind::kHoldNotFound, .hold = command.hold});
  }
  if (hold->state != HoldState::kHeld || hold->active(context.now)) return Events();

  Decision decision;
  Event& expired = decision->add(0, start(EventType::kHoldVoided, *wallet, context));
  expired.amount = hold->amount;
  expired.hold = command.hold;
  expired.reason = kReasonExpired;
  finish(expired);
  give_back_spending(expired, *wallet, hold->amount, hold->created_at);
  return decision;
}

}  // namespace ducat::wallet
