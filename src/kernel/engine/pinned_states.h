// The states a model has in memory: what has changed and is not in its table yet (pinned), and as much else
// as there is room for. With this a model keeps the engine's promise: a state in memory is the newest, one
// that is not is current in its table.
#pragma once

#include <unordered_map>
#include <vector>

#include "kernel/journal/record.h"

namespace ducat::kernel {

// One thread (the engine's decide executor). References stay valid until the state is evicted, which only
// `written` does. `Hash` may be transparent.
template <typename Key, typename State, typename Hash = std::hash<Key>, typename Equal = std::equal_to<>>
class PinnedStates {
 public:
  // Pinned states stay even beyond the capacity; the tables' lag bounds their number.
  explicit PinnedStates(size_t capacity) : capacity_(capacity) {}

  // The newest state, or null if it is not in memory.
  template <typename Like>
  State* find(const Like& key) {
    auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    found->second.used = true;
    return &found->second.state;
  }
  // Adds a state that is not in memory, as it was read from its table or made just now.
  State& add(Key key, State state) {
    return entries_.insert_or_assign(std::move(key), Entry{std::move(state)}).first->second.state;
  }
  // The same state, to be changed: it will be among those that `take_touched` hands out.
  template <typename Like>
  State& touch(const Like& key) {
    auto entry = entries_.find(key);
    if (!entry->second.touched) {
      entry->second.touched = true;
      touched_.push_back(&*entry);
    }
    return entry->second.state;
  }

  // Hands every touched state to `use(key, state)` and pins it under the record.
  template <typename Use>
  void take_touched(RecordNumber record, Use use) {
    for (auto* entry : touched_) {
      use(entry->first, entry->second.state);
      entry->second.touched = false;
      entry->second.pinned_by = record;
    }
    touched_.clear();
  }
  bool any_touched() const { return !touched_.empty(); }

  // The tables have everything up to this record. Makes room, sparing once what was used since the last time.
  void written(RecordNumber record) {
    if (entries_.size() <= capacity_) return;
    size_t goal = capacity_ - capacity_ / 16;
    for (auto at = entries_.begin(); at != entries_.end() && entries_.size() > goal;) {
      Entry& entry = at->second;
      if (entry.touched || entry.pinned_by > record || entry.used) {
        entry.used = false;
        ++at;
      } else {
        at = entries_.erase(at);
      }
    }
  }
  void clear() {
    entries_.clear();
    touched_.clear();
  }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    State state;
    RecordNumber pinned_by = 0;
    bool touched = false;
    bool used = true;
  };
  std::unordered_map<Key, Entry, Hash, Equal> entries_;
  std::vector<typename std::unordered_map<Key, Entry, Hash, Equal>::value_type*> touched_;
  size_t capacity_;
};

}  // namespace ducat::kernel
