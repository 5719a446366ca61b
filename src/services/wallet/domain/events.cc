#include "services/wallet/domain/events.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace ducat::wallet {
namespace {

// By number; 0 is no type.
constexpr std::array<std::string_view, 12> kTypeNames = {"",
                                                         "WALLET_CREATED",
                                                         "FUNDS_DEPOSITED",
                                                         "FUNDS_WITHDRAWN",
                                                         "TRANSFER_COMPENSATED",
                                                         "FUNDS_HELD",
                                                         "HOLD_CAPTURED",
                                                         "HOLD_VOIDED",
                                                         "WALLET_FROZEN",
                                                         "WALLET_UNFROZEN",
                                                         "WALLET_CLOSED",
                                                         "LIMIT_CHANGED"};
static_assert(kTypeNames.size() == std::to_underlying(kLastEventType) + 1);

void set_limit(Wallet& wallet, const Event& event) {
  switch (event.limit_kind) {
    case LimitKind::kDaily:
      wallet.daily_limit = event.limit;
      return;
    case LimitKind::kCredit:
      wallet.credit_limit = event.limit.value_or(0);
      return;
    case LimitKind::kNone:
      break;
  }
  DUCAT_CHECK(false, "a changed limit has a kind");
}

}  // namespace

std::string_view to_string(EventType type) {
  return kTypeNames.at(std::to_underlying(type));
}

std::optional<EventType> parse_event_type(std::string_view text) {
  for (size_t i = 1; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == text) return static_cast<EventType>(i);
  }
  return std::nullopt;
}

bool has_amount(EventType type) {
  return type >= EventType::kFundsDeposited && type <= EventType::kHoldVoided;
}

std::string_view to_string(LimitKind kind) {
  switch (kind) {
    case LimitKind::kDaily:
      return "daily";
    case LimitKind::kCredit:
      return "credit";
    case LimitKind::kNone:
      return "";
  }
  return "";
}

std::string_view to_string(WalletStatus status) {
  switch (status) {
    case WalletStatus::kActive:
      return "ACTIVE";
    case WalletStatus::kFrozen:
      return "FROZEN";
    case WalletStatus::kClosed:
      return "CLOSED";
  }
  return "";
}

Effect effect_of(const Event& event) {
  switch (event.type) {
    case EventType::kFundsDeposited:
      return {.balance = event.amount};
    case EventType::kFundsWithdrawn:
      if (event.hold.none()) return {.balance = -event.amount};
      return {.balance = -event.amount, .held = -event.amount, .holds = -1};
    case EventType::kFundsHeld:
      return {.held = event.amount, .holds = 1};
    case EventType::kHoldCaptured:
      return {.balance = -event.amount, .held = -event.hold_amount, .holds = -1};
    case EventType::kHoldVoided:
    case EventType::kTransferCompensated:
      return {.held = -event.amount, .holds = -1};
    case EventType::kWalletCreated:
    case EventType::kWalletFrozen:
    case EventType::kWalletUnfrozen:
    case EventType::kWalletClosed:
    case EventType::kLimitChanged:
      return {};
  }
  return {};
}

bool is_spending(const Event& event) {
  return event.type == EventType::kFundsHeld ||
         (event.type == EventType::kFundsWithdrawn && event.hold.none());
}

void evolve(Wallet& wallet, const Event& event) {
  if (event.type == EventType::kWalletCreated) {
    DUCAT_CHECK(wallet.currency == Currency::kNone, "a wallet is created once");
    wallet = Wallet{.currency = event.currency};
    return;
  }
  DUCAT_CHECK(wallet.currency == event.currency, "an event is in its wallet's currency");
  Effect effect = effect_of(event);
  wallet.balance += effect.balance;
  wallet.held += effect.held;
  wallet.open_holds += static_cast<uint32_t>(effect.holds);
  wallet.day = event.day;
  wallet.day_spent = event.day_spent_after;
  DUCAT_CHECK(wallet.balance == event.balance_after,
              "an event is applied once, on the state it was decided on");
  DUCAT_CHECK(wallet.held == event.held_after, "an event is applied once, on the state it was decided on");

  if (event.type == EventType::kWalletFrozen) wallet.status = WalletStatus::kFrozen;
  if (event.type == EventType::kWalletUnfrozen) wallet.status = WalletStatus::kActive;
  if (event.type == EventType::kWalletClosed) wallet.status = WalletStatus::kClosed;
  if (event.type == EventType::kLimitChanged) set_limit(wallet, event);
}

}  // namespace ducat::wallet
