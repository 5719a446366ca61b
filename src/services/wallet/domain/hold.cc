#include "services/wallet/domain/hold.h"

#include "base/check.h"

namespace ducat::wallet {

std::string_view to_string(HoldState state) {
  switch (state) {
    case HoldState::kHeld:
      return "HELD";
    case HoldState::kCaptured:
      return "CAPTURED";
    case HoldState::kVoided:
      return "VOIDED";
    case HoldState::kExpired:
      return "EXPIRED";
  }
  return "";
}

Hold hold_placed_by(const Event& event) {
  DUCAT_CHECK(event.type == EventType::kFundsHeld, "only FUNDS_HELD places a hold");
  return Hold{.amount = event.amount,
              .is_transfer = !event.saga.none(),
              .expires_at = event.expires_at,
              .created_at = event.at};
}

void evolve(Hold& hold, const Event& event) {
  if (effect_of(event).holds >= 0) return;
  DUCAT_CHECK(hold.state == HoldState::kHeld, "a hold ends once");
  DUCAT_CHECK(effect_of(event).held == -hold.amount, "the end of a hold frees all of it");
  if (event.type == EventType::kHoldCaptured || event.type == EventType::kFundsWithdrawn) {
    hold.state = HoldState::kCaptured;
    hold.captured = event.amount;
  } else if (event.type == EventType::kHoldVoided && event.reason == kReasonExpired) {
    hold.state = HoldState::kExpired;
  } else {
    hold.state = HoldState::kVoided;
  }
}

}  // namespace ducat::wallet
