#include "services/wallet/domain/funds/compensate_transfer.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* from, const Hold* reservation, const CompensateTransfer& command,
                const Context& context) {
  const HoldId id{command.saga.uuid};
  if (from == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (reservation == nullptr || !reservation->is_transfer) {
    return refuse({.kind = RefusalKind::kHoldNotFound, .hold = id});
  }
  if (reservation->state == HoldState::kVoided) return Events();
  if (reservation->state != HoldState::kHeld) {
    return refuse({.kind = RefusalKind::kHoldNotActive, .hold_state = reservation->state, .hold = id});
  }

  Decision decision;
  Event& compensated = decision->add(0, start(EventType::kTransferCompensated, *from, context));
  compensated.amount = reservation->amount;
  compensated.saga = command.saga;
  compensated.hold = id;
  compensated.counterparty = command.to_id;
  compensated.reason = command.reason;
  finish(compensated);
  give_back_spending(compensated, *from, reservation->amount, reservation->created_at);
  return decision;
}

}  // namespace ducat::wallet
