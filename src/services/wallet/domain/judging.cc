#include "services/wallet/domain/judging.h"

#include <algorithm>

namespace ducat::wallet {
namespace {

// The UTC day that spending counts on.
int32_t spending_day(const Wallet& wallet, Timestamp now) {
  return std::max(wallet.day, static_cast<int32_t>(now.utc_day()));
}

int64_t spent_on(const Wallet& wallet, int32_t day) {
  return wallet.day == day ? wallet.day_spent : 0;
}

// Too many digits for int64 and too many decimals get the same answer: the number is not one we can hold.
Refusal not_representable(Currency currency, std::string_view field) {
  return {.kind = RefusalKind::kAmountTooPrecise, .currency = currency, .field = field};
}

}  // namespace

std::expected<int64_t, Refusal> positive_amount(Decimal amount, Currency currency) {
  if (amount.significand <= 0) return refuse({.kind = RefusalKind::kAmountNotPositive, .currency = currency});
  auto minor = to_minor(amount, currency);
  if (!minor) return refuse(not_representable(currency, "amount"));
  return *minor;
}

std::expected<int64_t, Refusal> limit_amount(Decimal limit, Currency currency) {
  if (limit.significand < 0) {
    return refuse({.kind = RefusalKind::kLimitNegative, .currency = currency, .field = "limit"});
  }
  auto minor = to_minor(limit, currency);
  if (!minor) return refuse(not_representable(currency, "limit"));
  return *minor;
}

Currency currency_of(const Wallet* wallet) {
  return wallet == nullptr ? kDefaultCurrency : wallet->currency;
}

std::expected<int64_t, Refusal> transfer_amount(const Wallet* from, Decimal amount, std::string_view from_id,
                                                std::string_view to_id) {
  auto minor = positive_amount(amount, currency_of(from));
  if (!minor) return minor;
  if (from_id == to_id) return refuse({.kind = RefusalKind::kSameWallet});
  if (from == nullptr) return refuse({.kind = RefusalKind::kWalletNotFound});
  return minor;
}

std::optional<Refusal> judge_active(const Wallet& wallet, uint8_t party) {
  if (wallet.status == WalletStatus::kActive) return std::nullopt;
  return Refusal{.kind = RefusalKind::kWalletNotActive,
                 .party = party,
                 .status = wallet.status,
                 .currency = wallet.currency};
}

std::optional<Refusal> judge_not_closed(const Wallet& wallet) {
  return wallet.status == WalletStatus::kClosed ? judge_active(wallet) : std::nullopt;
}

std::optional<Refusal> judge_spending(const Wallet& wallet, int64_t amount, Timestamp now) {
  Refusal refusal{.currency = wallet.currency, .available = wallet.available(), .requested = amount};
  auto spent = checked_add(spent_on(wallet, spending_day(wallet, now)), amount);
  if (wallet.daily_limit && (!spent || *spent > *wallet.daily_limit)) {
    refusal.kind = RefusalKind::kDailyLimit;
    refusal.limit = *wallet.daily_limit;
    return refusal;
  }
  if (wallet.spendable() < amount) {
    refusal.kind = RefusalKind::kInsufficientFunds;
    return refusal;
  }
  // Only somebody who moves everything back and forth all day comes here.
  if (!spent) {
    refusal.kind = RefusalKind::kBalanceLimit;
    return refusal;
  }
  return std::nullopt;
}

std::optional<Refusal> judge_currency(const Wallet& wallet, Currency received, uint8_t party) {
  if (wallet.currency == received) return std::nullopt;
  return Refusal{.kind = RefusalKind::kCurrencyMismatch,
                 .party = party,
                 .currency = wallet.currency,
                 .requested_currency = received};
}

std::optional<Refusal> judge_receiving(const Wallet& wallet, int64_t amount, uint8_t party) {
  auto balance = checked_add(wallet.balance, amount);
  if (balance && *balance <= kMaxMinor) return std::nullopt;
  return Refusal{.kind = RefusalKind::kBalanceLimit,
                 .party = party,
                 .currency = wallet.currency,
                 .available = wallet.balance,
                 .requested = amount};
}

std::optional<Refusal> judge_hold(const Hold* hold, HoldId id, Timestamp now) {
  if (hold == nullptr || hold->is_transfer) return Refusal{.kind = RefusalKind::kHoldNotFound, .hold = id};
  if (hold->active(now)) return std::nullopt;
  return Refusal{.kind = RefusalKind::kHoldNotActive, .hold_state = hold->state_at(now), .hold = id};
}

Event start(EventType type, const Wallet& wallet, const Context& context) {
  Event event;
  event.type = type;
  event.currency = wallet.currency;
  event.day = wallet.day;
  event.at = context.now;
  event.balance_after = wallet.balance;
  event.held_after = wallet.held;
  event.day_spent_after = wallet.day_spent;
  event.request_id = context.request_id;
  return event;
}

void finish(Event& event) {
  Effect effect = effect_of(event);
  event.balance_after += effect.balance;
  event.held_after += effect.held;
}

void count_spending(Event& event, const Wallet& wallet, int64_t amount, Timestamp now) {
  event.day = spending_day(wallet, now);
  event.day_spent_after = spent_on(wallet, event.day) + amount;
}

void give_back_spending(Event& event, const Wallet& wallet, int64_t amount, Timestamp counted_at) {
  if (counted_at.utc_day() != wallet.day) return;
  DUCAT_CHECK(wallet.day_spent >= amount, "what is given back was counted");
  event.day_spent_after = wallet.day_spent - amount;
}

}  // namespace ducat::wallet
