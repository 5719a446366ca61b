#include "services/wallet/domain/admin/unfreeze_wallet.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const UnfreezeWallet& command, const Context& context) {
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (wallet->status == WalletStatus::kActive) return Events();
  if (auto refusal = judge_not_closed(*wallet)) return refuse(*refusal);

  Decision decision;
  decision->add(0, start(EventType::kWalletUnfrozen, *wallet, context)).reason = command.reason;
  return decision;
}

}  // namespace ducat::wallet
