#include "services/wallet/domain/admin/freeze_wallet.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const FreezeWallet& command, const Context& context) {
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (wallet->status == WalletStatus::kFrozen) return Events();
  if (auto refusal = judge_active(*wallet)) return refuse(*refusal);

  Decision decision;
  decision->add(0, start(EventType::kWalletFrozen, *wallet, context)).reason = command.reason;
  return decision;
}

}  // namespace ducat::wallet
