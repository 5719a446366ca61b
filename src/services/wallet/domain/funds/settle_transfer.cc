#include "services/wallet/domain/funds/settle_transfer.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* from, const Hold* reservation, const SettleTransfer& command,
                const Context& context) {
  const HoldId id{command.saga.uuid};
  if (from == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (reservation == nullptr || !reservation->is_transfer) {
    return refuse({.kind = RefusalKind::kHoldNotFound, .hold = id});
  }
  if (reservation->state == HoldState::kCaptured) return Events();
  if (reservation->state != HoldState::kHeld) {
    return refuse({.kind = RefusalKind::kHoldNotActive, .hold_state = reservation->state, .hold = id});
  }

  Decision decision;
  Event& withdrawn = decision->add(0, start(EventType::kFundsWithdrawn, *from, context));
  withdrawn.amount = reservation->amount;
  withdrawn.saga = command.saga;
  withdrawn.hold = id;
  withdrawn.counterparty = command.to_id;
  finish(withdrawn);
  return decision;
}

}  // namespace ducat::wallet
