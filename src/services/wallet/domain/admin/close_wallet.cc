#include "services/wallet/domain/admin/close_wallet.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const CloseWallet& command, const Context& context) {
  if (wallet == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  if (auto refusal = judge_not_closed(*wallet)) return refuse(*refusal);
  if (wallet->balance != 0 || wallet->open_holds != 0) {
    return refuse({.kind = RefusalKind::kWalletNotEmpty,
                   .currency = wallet->currency,
                   .open_holds = wallet->open_holds,
                   .available = wallet->balance});
  }

  Decision decision;
  decision->add(0, start(EventType::kWalletClosed, *wallet, context)).reason = command.reason;
  return decision;
}

}  // namespace ducat::wallet
