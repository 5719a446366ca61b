#include "services/wallet/domain/admin/set_daily_limit.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const SetDailyLimit& command, const Context& context) {
  std::optional<int64_t> limit;
  if (command.limit) {
    auto minor = limit_amount(*command.limit, currency_of(wallet));
    if (!minor) return refuse(minor.error());
    limit = *minor;
  }
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_not_closed(*wallet)) return refuse(*refusal);
  if (limit == wallet->daily_limit) return Events();

  Decision decision;
  Event& changed = decision->add(0, start(EventType::kLimitChanged, *wallet, context));
  changed.limit_kind = LimitKind::kDaily;
  changed.limit = limit;
  changed.reason = command.reason;
  return decision;
}

}  // namespace ducat::wallet
