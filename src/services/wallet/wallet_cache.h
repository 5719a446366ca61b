// The wallets that are in memory: those that have changed and are not in their table yet (pinned), and as
// many others as there is room for. One thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "kernel/journal/record.h"
#include "services/wallet/store/tables.h"

namespace ducat::wallet {

// A wallet in memory.
struct CachedWallet {
  std::string id;
  StoredWallet stored;
  kernel::RecordNumber pinned_by = 0;  // the last record that changed it; 0: none since it was loaded
  bool touched = false;                // changed by the batch under way
  bool created = false;                // by the batch under way
  bool used = true;                    // since the hand of `evict` came by
};

class WalletCache {
 public:
  // About 250 bytes a wallet. Pinned wallets stay even beyond it; their number is bounded by the tables' lag.
  explicit WalletCache(size_t capacity) : capacity_(capacity) {}

  CachedWallet* find(std::string_view id) {
    auto found = by_id_.find(id);
    if (found == by_id_.end()) return nullptr;
    found->second->used = true;
    return found->second.get();
  }
  CachedWallet* find(uint64_t no) {
    auto found = by_no_.find(no);
    return found == by_no_.end() ? nullptr : found->second;
  }
  CachedWallet& add(std::string id, const StoredWallet& stored) {
    auto wallet = std::make_unique<CachedWallet>();
    wallet->id = std::move(id);
    wallet->stored = stored;
    CachedWallet* added = wallet.get();
    by_no_[stored.no] = added;
    by_id_[added->id] = std::move(wallet);
    return *added;
  }
  void remove(CachedWallet& wallet) {
    by_no_.erase(wallet.stored.no);
    by_id_.erase(std::string_view(wallet.id));
  }

  // Makes room: drops wallets that the tables have up to `written`, those first that were not used for long.
  void evict(kernel::RecordNumber written);
  void clear() {
    by_no_.clear();
    by_id_.clear();
  }
  size_t size() const { return by_no_.size(); }

 private:
  // The key views the id inside the wallet it leads to, which does not move.
  boost::unordered_flat_map<std::string_view, std::unique_ptr<CachedWallet>, TextHash> by_id_;
  boost::unordered_flat_map<uint64_t, CachedWallet*> by_no_;
  size_t capacity_;
  uint64_t hand_ = 0;  // number of the wallet the last eviction ended at
};

}  // namespace ducat::wallet
