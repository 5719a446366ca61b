// What a command's judgement answers: the events it leads to, or why it is refused. Every command is a struct
// and
//
//   Decision decide(const Wallet* wallet, …, const Command&, const Context&);
//
// in a file of its own (funds/, holds/, admin/; commands.h has them all). A null wallet is one that does not
// exist. The functions are pure: time and ids are in the context, the same arguments give the same events,
// nothing is allocated. No events means that it is done already: a success.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <expected>
#include <span>
#include <string_view>

#include "base/check.h"
#include "services/wallet/domain/events.h"
#include "services/wallet/domain/refusal.h"

namespace ducat::wallet {

// What comes from outside into a judgement. One for each command.
struct Context {
  Timestamp now;
  Uuid new_id;                  // becomes the hold's or the transfer's id
  std::string_view request_id;  // the request's key or id, for the events' metadata; may be empty
};

// An event and the wallet it belongs to: 0 the command's (the sender), 1 the other one (the receiver).
struct PartyEvent {
  uint8_t party = 0;
  Event event;
};

// The events of one command, in order. Inline, and copies only what is there: an Event is 200 bytes.
class Events {
 public:
  static constexpr size_t kMax = 4;

  Events() = default;
  Events(const Events& other) { copy(other); }
  Events& operator=(const Events& other) {
    if (this != &other) copy(other);
    return *this;
  }
  ~Events() = default;

  Event& add(uint8_t party, const Event& event) {
    DUCAT_CHECK(size_ < kMax, "no command makes more events");
    PartyEvent* added = new (slot(size_++)) PartyEvent{party, event};
    return added->event;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const PartyEvent* begin() const { return reinterpret_cast<const PartyEvent*>(bytes_); }
  const PartyEvent* end() const { return begin() + size_; }
  const PartyEvent& operator[](size_t index) const {
    DUCAT_CHECK(index < size_, "an event that is there");
    return begin()[index];
  }

 private:
  void* slot(size_t index) { return bytes_ + index * sizeof(PartyEvent); }
  void copy(const Events& other) {
    size_ = other.size_;
    std::memcpy(bytes_, other.bytes_, size_ * sizeof(PartyEvent));
  }

  size_t size_ = 0;
  alignas(PartyEvent) std::byte bytes_[kMax * sizeof(PartyEvent)];
};

using Decision = std::expected<Events, Refusal>;

}  // namespace ducat::wallet
