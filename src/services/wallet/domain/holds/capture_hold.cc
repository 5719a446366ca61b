#include "services/wallet/domain/holds/capture_hold.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const Hold* hold, const CaptureHold& command, const Context& context) {
  std::optional<int64_t> part;
  if (command.amount) {
    auto amount = positive_amount(*command.amount, currency_of(wallet));
    if (!amount) return refuse(amount.error());
    part = *amount;
  }
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_hold(hold, command.hold, context.now)) return refuse(*refusal);
  if (auto refusal = judge_active(*wallet)) return refuse(*refusal);
  const int64_t amount = part.value_or(hold->amount);
  if (amount > hold->amount) {
    return refuse({.kind = RefusalKind::kCaptureTooLarge,
                   .currency = wallet->currency,
                   .requested = amount,
                   .limit = hold->amount});
  }

  Decision decision;
  Event& captured = decision->add(0, start(EventType::kHoldCaptured, *wallet, context));
  captured.amount = amount;
  captured.hold = command.hold;
  captured.hold_amount = hold->amount;
  finish(captured);
  give_back_spending(captured, *wallet, hold->amount - amount, hold->created_at);
  return decision;
}

}  // namespace ducat::wallet
