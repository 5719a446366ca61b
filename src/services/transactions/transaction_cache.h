// The transactions that are in memory: those that have changed and are not in their table yet (pinned), and
// as many others as there is room for. One thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "services/transactions/store/tables.h"

namespace ducat::transactions {

class TransactionCache {
 public:
  struct Entry {
    TransactionRef transaction;          // null: purged
    kernel::RecordNumber pinned_by = 0;  // the last record that changed it; 0: none since it was loaded
    bool touched = false;                // changed by the batch under way
    bool used = false;                   // since the hand of `evict` came by
  };

  // About 400 bytes each and its texts. Pinned ones stay even beyond it; their number is bounded by the
  // tables' lag.
  explicit TransactionCache(size_t capacity) : capacity_(capacity) {}

  // Somebody wants it: it is spared once. (Most are never wanted after they were made.)
  Entry* find(Position number) {
    Entry* found = peek(number);
    if (found != nullptr) found->used = true;
    return found;
  }
  Entry* peek(Position number) {
    auto found = entries_.find(number);
    return found == entries_.end() ? nullptr : &found->second;
  }
  // Valid until the next `put` or `evict`.
  Entry& put(Position number, TransactionRef transaction) {
    Entry& entry = entries_[number];
    entry.transaction = std::move(transaction);
    return entry;
  }

  // Makes room in the manner of a clock: drops those that the tables have up to `written`; one that was used
  // since the hand came by is spared once.
  void evict(kernel::RecordNumber written) {
    if (entries_.size() <= capacity_) return;
    // A round and a half at most: when everything is pinned or used, it stays too large until the next call.
    size_t steps = entries_.size() + entries_.size() / 2;
    size_t goal = capacity_ - capacity_ / 16;
    auto at = entries_.find(hand_);
    while (entries_.size() > goal && steps-- > 0) {
      if (at == entries_.end()) at = entries_.begin();
      auto current = at++;
      Entry& entry = current->second;
      if (entry.touched || entry.pinned_by > written) continue;
      if (entry.used) {
        entry.used = false;
        continue;
      }
      entries_.erase(current);
    }
    hand_ = at == entries_.end() ? 0 : at->first;
  }

  void clear() { entries_.clear(); }
  size_t size() const { return entries_.size(); }

 private:
  boost::unordered_flat_map<Position, Entry> entries_;
  size_t capacity_;
  Position hand_ = 0;  // where the last eviction ended
};

}  // namespace ducat::transactions
