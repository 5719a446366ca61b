// The facts a wallet is made of. One flat struct for all types, because events are made, coded and applied on
// the hot path: no variant, no allocation. Its texts are views into the command (or into the bytes it was
// read from) and live as long as that.
//
// Every event has `type`, `at`, `currency` and the state it leaves: `balance_after`, `held_after`, `day`,
// `day_spent_after`; and `request_id` where the command had one. Beyond that:
//
//   kWalletCreated        wallet_id
//   kFundsDeposited       amount; of a transfer: saga, counterparty (the sender)
//   kFundsWithdrawn       amount; of a transfer: saga, counterparty (the receiver); of one between shards
//   also
//                         hold (the reservation that ends here, the same id as saga)
//   kTransferCompensated  amount (what the reservation frees), saga, hold, counterparty, reason
//   kFundsHeld            amount, hold, expires_at?; of a transfer: saga, counterparty
//   kHoldCaptured         amount (what leaves the wallet), hold, hold_amount (what the hold frees: all of it)
//   kHoldVoided           amount (what the hold frees), hold, reason ("expired" if its time was over)
//   kWalletFrozen, kWalletUnfrozen, kWalletClosed     reason
//   kLimitChanged         limit_kind, limit (none: removed), reason
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "services/wallet/domain/types.h"

namespace ducat::wallet {

// Stored, so the numbers never change; 0 is never used, so that an empty record is no event.
enum class EventType : uint8_t {
  kWalletCreated = 1,
  kFundsDeposited = 2,
  kFundsWithdrawn = 3,
  kTransferCompensated = 4,
  kFundsHeld = 5,
  kHoldCaptured = 6,
  kHoldVoided = 7,
  kWalletFrozen = 8,
  kWalletUnfrozen = 9,
  kWalletClosed = 10,
  kLimitChanged = 11,
};
inline constexpr EventType kLastEventType = EventType::kLimitChanged;

// "FUNDS_DEPOSITED".
std::string_view to_string(EventType type);
std::optional<EventType> parse_event_type(std::string_view text);
// Whether the type moves or reserves money; the others' `amount` is 0 and shown as null.
bool has_amount(EventType type);

enum class LimitKind : uint8_t { kNone = 0, kDaily = 1, kCredit = 2 };

// "daily", "credit"; "" for kNone.
std::string_view to_string(LimitKind kind);

// The reason of a kHoldVoided that nobody asked for.
inline constexpr std::string_view kReasonExpired = "expired";

struct Event {
  EventType type = EventType::kWalletCreated;
  LimitKind limit_kind = LimitKind::kNone;
  Currency currency = Currency::kNone;
  int32_t day = 0;
  Timestamp at{};
  int64_t amount = 0;
  int64_t hold_amount = 0;
  int64_t balance_after = 0;
  int64_t held_after = 0;
  int64_t day_spent_after = 0;
  std::optional<int64_t> limit{};
  std::optional<Timestamp> expires_at{};
  SagaId saga{};
  HoldId hold{};
  std::string_view wallet_id{};
  std::string_view counterparty{};
  std::string_view request_id{};
  std::string_view reason{};

  bool operator==(const Event&) const = default;
};
static_assert(std::is_trivially_copyable_v<Event>, "batches copy events by the thousand");

// What an event does to the wallet's money and holds. Both the deciders and evolve use this one table.
struct Effect {
  int64_t balance = 0;
  int64_t held = 0;
  int32_t holds = 0;
};
Effect effect_of(const Event& event);

// Whether the event takes something out of what is available by the owner's will: what the limits are about.
// Ending a hold is none: it was judged when it was placed.
bool is_spending(const Event& event);

// The wallet after the event. Cannot fail: an event that does not fit the wallet (a lost or doubled one)
// stops the process, since going on would make balances up.
void evolve(Wallet& wallet, const Event& event);

}  // namespace ducat::wallet
