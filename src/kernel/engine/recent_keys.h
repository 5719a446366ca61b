// Idempotency keys that are still in memory, with everything needed to answer a repeat at once.
//
// Two generations: new keys enter the younger; when it is full it becomes the elder, and once all its records
// are durable its hashes are written to a run (kernel/projection/key_runs.h), after which it is forgotten. So
// memory is bounded by two generations, and what the last one leaves to the next. A generation keeps its
// texts in one block: every command adds a key, so nothing is allocated for each.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/projection/projector.h"

namespace ducat::kernel {

// A key that was used, as it stands in the journal. The texts live as long as their owner does not change.
struct UsedKey {
  std::string_view key;
  uint64_t fingerprint = 0;
  std::string_view answer;
  RecordNumber record = 0;
  Timestamp at;
};

// One thread.
class RecentKeys {
 public:
  explicit RecentKeys(size_t per_generation)
      : per_generation_(per_generation), young_(std::make_unique<Generation>()) {}

  // The newest use of this key, if it is here.
  std::optional<UsedKey> find(uint64_t hash, std::string_view key) const {
    std::optional<UsedKey> found = young_->find(hash, key);
    if (!found && elder_) found = elder_->find(hash, key);
    return found;
  }
  void add(uint64_t hash, const UsedKey& used) { young_->add(hash, used); }
  // Takes back a key that was added since the last rotation (of an atomic group that was refused).
  void remove(uint64_t hash, std::string_view key) { young_->remove(hash, key); }

  bool can_rotate() const { return young_->entries.size() >= per_generation_ && !elder_; }
  // Between two decisions: all keys of records up to `decided`, and no others, have been added. (A key that
  // was taken back does not count: its record may never be.)
  void rotate(RecordNumber decided) {
    elder_ = std::move(young_);
    elder_last_record_ = decided;
    young_ = spare_ ? std::move(spare_) : std::make_unique<Generation>();
    handed_over_ = false;
  }
  bool elder_ready(RecordNumber durable) const {
    return elder_ && !handed_over_ && elder_last_record_ <= durable;
  }
  // The elder generation, sorted, for writing; only when it is ready, and once.
  std::shared_ptr<const KeysToWrite> take_elder(int64_t run_id);
  // Its keys can be found in the tables from now on.
  void forget_elder() {
    if (!elder_) return;
    elder_->clear();
    spare_ = std::move(elder_);
  }
  void clear() {
    young_ = std::make_unique<Generation>();
    elder_.reset();
    handed_over_ = false;
  }
  size_t size() const { return young_->entries.size() + (elder_ ? elder_->entries.size() : 0); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Entry {
    uint64_t hash;
    uint64_t fingerprint;
    RecordNumber record;
    Timestamp at;
    size_t text;  // where the key stands, the answer behind it
    uint32_t key_size;
    uint32_t answer_size;
    uint32_t before;  // the entry of the same hash before this one
  };

  struct Identity {
    using is_avalanching = void;
    size_t operator()(uint64_t hash) const { return hash; }
  };

  struct Generation {
    std::string texts;
    std::vector<Entry> entries;
    boost::unordered_flat_map<uint64_t, uint32_t, Identity> newest;  // by hash

    std::string_view key_of(const Entry& entry) const {
      return std::string_view(texts).substr(entry.text, entry.key_size);
    }
    std::optional<UsedKey> find(uint64_t hash, std::string_view key) const;
    void add(uint64_t hash, const UsedKey& used);
    void remove(uint64_t hash, std::string_view key);
    void clear() {
      texts.clear();
      entries.clear();
      newest.clear();
    }
  };

  size_t per_generation_;
  std::unique_ptr<Generation> young_;
  std::unique_ptr<Generation> elder_;
  std::unique_ptr<Generation> spare_;  // empty; kept for its memory, which costs more to get than to fill
  RecordNumber elder_last_record_ = 0;
  bool handed_over_ = false;
};

}  // namespace ducat::kernel
