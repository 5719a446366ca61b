// A hold: money promised to a later capture. It stays in the balance and is not available.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "services/wallet/domain/events.h"

namespace ducat::wallet {

// Stored, so the numbers never change.
enum class HoldState : uint8_t { kHeld = 0, kCaptured = 1, kVoided = 2, kExpired = 3 };

// "HELD", "CAPTURED", "VOIDED", "EXPIRED".
std::string_view to_string(HoldState state);

struct Hold {
  int64_t amount = 0;
  int64_t captured = 0;
  HoldState state = HoldState::kHeld;
  bool is_transfer = false;  // the reservation of a transfer between shards: only its saga may end it
  std::optional<Timestamp> expires_at{};
  Timestamp created_at{};

  // Still HELD, and its time is not over. A hold past its time frees its money when ExpireHold is carried
  // out; until then it can be neither captured nor voided.
  bool active(Timestamp now) const { return state == HoldState::kHeld && (!expires_at || now < *expires_at); }
  // What callers are told: EXPIRED from its time on, even if ExpireHold comes later.
  HoldState state_at(Timestamp now) const {
    return state == HoldState::kHeld && !active(now) ? HoldState::kExpired : state;
  }

  bool operator==(const Hold&) const = default;
};

// The hold that a kFundsHeld event places. Any other type is a programmer's error.
Hold hold_placed_by(const Event& event);

// Ends the hold as the event says, if the event ends one (kHoldCaptured, kHoldVoided, kTransferCompensated,
// kFundsWithdrawn with a hold). Cannot fail; an event that does not fit the hold is a programmer's error.
void evolve(Hold& hold, const Event& event);

}  // namespace ducat::wallet
