#include "services/wallet/domain/holds/place_hold.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const PlaceHold& command, const Context& context) {
  auto amount = positive_amount(command.amount, currency_of(wallet));
  if (!amount) return refuse(amount.error());
  if (command.expires_at && *command.expires_at <= context.now) {
    return refuse({.kind = RefusalKind::kExpiryInPast, .field = "expiresAt"});
  }
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_active(*wallet)) return refuse(*refusal);
  if (auto refusal = judge_spending(*wallet, *amount, context.now)) return refuse(*refusal);

  Decision decision;
  Event& held = decision->add(0, start(EventType::kFundsHeld, *wallet, context));
  held.amount = *amount;
  held.hold = {context.new_id};
  held.expires_at = command.expires_at;
  finish(held);
  count_spending(held, *wallet, *amount, context.now);
  return decision;
}

}  // namespace ducat::wallet
