#include "services/wallet/domain/ledger.h"

namespace ducat::wallet {

std::optional<Movement> legs(const Event& event) {
  const int64_t amount = effect_of(event).balance;
  if (amount == 0) return std::nullopt;
  const AccountKind contra = event.saga.none() ? AccountKind::kWorld : AccountKind::kTransit;
  return Movement{.wallet = {AccountKind::kWallet, event.currency, amount},
                  .contra = {contra, event.currency, -amount}};
}

}  // namespace ducat::wallet
