#include "services/wallet/domain/funds/withdraw.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const Withdraw& command, const Context& context) {
  auto amount = positive_amount(command.amount, currency_of(wallet));
  if (!amount) return refuse(amount.error());
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_active(*wallet)) return refuse(*refusal);
  if (auto refusal = judge_spending(*wallet, *amount, context.now)) return refuse(*refusal);

  Decision decision;
  Event& withdrawn = decision->add(0, start(EventType::kFundsWithdrawn, *wallet, context));
  withdrawn.amount = *amount;
  finish(withdrawn);
  count_spending(withdrawn, *wallet, *amount, context.now);
  return decision;
}

}  // namespace ducat::wallet
