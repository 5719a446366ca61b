// What a group has been handed and has not acknowledged, of one input, in order: acknowledged in any order,
// the position follows the oldest that is open.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>

namespace ducat::broker {

// One thread at a time. A sequence names a message from its opening until the position has passed it.
class Window {
 public:
  struct Slot {
    uint64_t number = 0;
    uint32_t holder = 0;  // the member that has it
    uint16_t attempts = 1;
    enum class State : uint8_t { kHeld, kWaiting, kDone } state = State::kHeld;
  };

  explicit Window(uint64_t position) : reached_(position) {}

  // Everything up to here is done.
  uint64_t position() const { return slots_.empty() ? reached_ : slots_.front().number - 1; }
  // What is not opened, up to here, does not concern the group.
  void reach(uint64_t number) { reached_ = number; }
  // Slots in use, also of what is done behind an older one that is open.
  size_t size() const { return slots_.size(); }

  uint64_t open(uint64_t number, uint32_t holder) {
    slots_.push_back({.number = number, .holder = holder});
    return base_ + slots_.size() - 1;
  }
  // Nothing for a sequence that is done.
  Slot* find(uint64_t sequence) {
    if (sequence < base_ || sequence - base_ >= slots_.size()) return nullptr;
    Slot& slot = slots_[sequence - base_];
    return slot.state == Slot::State::kDone ? nullptr : &slot;
  }
  // True if the position moved.
  bool close(uint64_t sequence) {
    Slot* slot = find(sequence);
    if (slot == nullptr) return false;
    waiting_.erase(sequence);
    slot->state = Slot::State::kDone;
    if (sequence != base_) return false;
    while (!slots_.empty() && slots_.front().state == Slot::State::kDone) {
      slots_.pop_front();
      ++base_;
    }
    return true;
  }

  // To be handed out again, before anything newer.
  void wait(uint64_t sequence) {
    Slot* slot = find(sequence);
    if (slot == nullptr) return;
    slot->state = Slot::State::kWaiting;
    waiting_.insert(sequence);
  }
  // Everything this member holds waits; how many that were.
  size_t abandon(uint32_t holder) {
    size_t found = 0;
    for (uint64_t sequence = base_; sequence < base_ + slots_.size(); ++sequence) {
      const Slot& slot = slots_[sequence - base_];
      if (slot.holder != holder || slot.state != Slot::State::kHeld) continue;
      wait(sequence);
      ++found;
    }
    return found;
  }
  const std::set<uint64_t>& waiting() const { return waiting_; }
  void hold_again(uint64_t sequence, uint32_t holder) {
    Slot* slot = find(sequence);
    waiting_.erase(sequence);
    slot->state = Slot::State::kHeld;
    slot->holder = holder;
    if (slot->attempts < UINT16_MAX) ++slot->attempts;
  }

 private:
  std::deque<Slot> slots_;  // the first is open
  uint64_t base_ = 1;       // its sequence
  uint64_t reached_;
  std::set<uint64_t> waiting_;
};

}  // namespace ducat::broker
