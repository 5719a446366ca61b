// Idempotency keys that are still in memory, with everything needed to answer a repeat at once.
//
// Two generations: new keys enter the younger; when it is full it becomes the elder, and once all its records are
// durable its hashes are written to a run (kernel/projection/key_runs.h), after which it is forgotten. So memory is
// bounded by two generations.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kernel/projection/projector.h"

namespace ducat::kernel {

// A key that was used, as it stands in the journal.
struct UsedKey {
  std::string key;
  uint64_t fingerprint = 0;
  std::string answer;
  RecordNumber record = 0;
  Timestamp at;
};

// One thread.
class RecentKeys {
 public:
  explicit RecentKeys(size_t per_generation) : per_generation_(per_generation) {}

  // The newest use of this key, or null.
  const UsedKey* find(uint64_t hash, std::string_view key) const {
    if (const UsedKey* found = find_in(*young_, hash, key)) return found;
    return elder_ ? find_in(*elder_, hash, key) : nullptr;
  }
  void add(uint64_t hash, UsedKey used) {
    last_record_ = used.record;
    young_->emplace(hash, std::move(used));
  }
  // Takes back the keys added since `mark` (of an atomic group).
  void remove(uint64_t hash, std::string_view key) {
    auto [from, to] = young_->equal_range(hash);
    for (auto at = from; at != to; ++at) {
      if (at->second.key == key) {
        young_->erase(at);
        return;
      }
    }
  }

  bool full() const { return young_->size() >= per_generation_; }
  bool can_rotate() const { return full() && !elder_; }
  void rotate() {
    elder_ = std::move(young_);
    elder_last_record_ = last_record_;
    young_ = std::make_unique<Map>();
    young_->reserve(per_generation_);
    handed_over_ = false;
  }
  // The elder generation, sorted, once all its records are durable and if it has not been handed over yet.
  std::shared_ptr<const KeysToWrite> take_elder(RecordNumber durable, int64_t run_id);
  bool elder_ready(RecordNumber durable) const { return elder_ && !handed_over_ && elder_last_record_ <= durable; }
  // Its keys can be found in the tables from now on.
  void forget_elder() { elder_.reset(); }
  void clear() {
    young_ = std::make_unique<Map>();
    elder_.reset();
    handed_over_ = false;
  }
  size_t size() const { return young_->size() + (elder_ ? elder_->size() : 0); }

 private:
  struct Identity {
    size_t operator()(uint64_t hash) const { return hash; }
  };
  using Map = std::unordered_multimap<uint64_t, UsedKey, Identity>;

  static const UsedKey* find_in(const Map& map, uint64_t hash, std::string_view key) {
    auto [from, to] = map.equal_range(hash);
    const UsedKey* newest = nullptr;
    for (auto at = from; at != to; ++at) {
      if (at->second.key == key && (newest == nullptr || at->second.record >= newest->record)) newest = &at->second;
    }
    return newest;
  }

  size_t per_generation_;
  std::unique_ptr<Map> young_ = std::make_unique<Map>();
  std::unique_ptr<Map> elder_;
  RecordNumber last_record_ = 0;
  RecordNumber elder_last_record_ = 0;
  bool handed_over_ = false;
};

}  // namespace ducat::kernel
