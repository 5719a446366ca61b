#include "services/wallet/domain/admin/set_credit_limit.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const SetCreditLimit& command, const Context& context) {
  auto limit = limit_amount(command.limit, currency_of(wallet));
  if (!limit) return refuse(limit.error());
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_not_closed(*wallet)) return refuse(*refusal);
  if (*limit == wallet->credit_limit) return Events();

  Decision decision;
  Event& changed = decision->add(0, start(EventType::kLimitChanged, *wallet, context));
  changed.limit_kind = LimitKind::kCredit;
  changed.limit = *limit;
  changed.reason = command.reason;
  return decision;
}

}  // namespace ducat::wallet
