// Eviction in the manner of a clock: a wallet is spared once if it was used since the hand came by.
#include "services/wallet/wallet_cache.h"

namespace ducat::wallet {

void WalletCache::evict(kernel::RecordNumber written) {
  if (size() <= capacity_) return;
  // A round and a half at most: when everything is pinned or used, the cache stays too large until the next
  // call.
  size_t steps = size() + size() / 2;
  size_t goal = capacity_ - capacity_ / 16;
  auto at = by_no_.find(hand_);
  while (size() > goal && steps-- > 0) {
    if (at == by_no_.end()) at = by_no_.begin();
    CachedWallet& wallet = *at->second;
    ++at;
    if (wallet.touched || wallet.pinned_by > written) continue;
    if (wallet.used) {
      wallet.used = false;
      continue;
    }
    remove(wallet);
  }
  hand_ = at == by_no_.end() ? 0 : at->first;
}

}  // namespace ducat::wallet
