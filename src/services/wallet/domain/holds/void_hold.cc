#include "services/wallet/domain/holds/void_hold.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const Hold* hold, const VoidHold& command, const Context& context) {
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_hold(hold, command.hold, context.now)) return refuse(*refusal);

  Decision decision;
  Event& voided = decision->add(0, start(EventType::kHoldVoided, *wallet, context));
  voided.amount = hold->amount;
  voided.hold = command.hold;
  finish(voided);
  give_back_spending(voided, *wallet, hold->amount, hold->created_at);
  return decision;
}

}  // namespace ducat::wallet
