// What several commands judge and do alike. Each judge answers why not, or nothing.
//
// The daily limit: a UTC day's withdrawals, transfers sent and holds placed may not exceed it. A hold counts
// on the day it is placed, since it is a promise to withdraw; whatever of it is not taken in the end (voided,
// expired, captured in part, a transfer compensated) is given back, if that day is still the wallet's day. A
// wallet's day never goes back, so setting the clock back over midnight does not open the limit anew.
#pragma once

#include <expected>
#include <optional>

#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/hold.h"

namespace ducat::wallet {

// The amount in minor units: positive and no more precise than the currency, or kAmountNotPositive,
// kAmountTooPrecise.
std::expected<int64_t, Refusal> positive_amount(Decimal amount, Currency currency);

// A limit in minor units: not negative (kLimitNegative) and no more precise than the currency. Field "limit".
std::expected<int64_t, Refusal> limit_amount(Decimal limit, Currency currency);

// The currency an amount for this wallet is in; for a wallet that does not exist the default one, so that a
// wrong amount is told before the missing wallet.
Currency currency_of(const Wallet* wallet);

// The first questions about a transfer, the same within a shard and between two: amount, not to itself, the
// sender is there. The amount in minor units.
std::expected<int64_t, Refusal> transfer_amount(const Wallet* from, Decimal amount, std::string_view from_id,
                                                std::string_view to_id);

std::optional<Refusal> judge_active(const Wallet& wallet, uint8_t party = 0);
// For administration, which a frozen wallet does not stop.
std::optional<Refusal> judge_not_closed(const Wallet& wallet);
// The daily limit, then the funds.
std::optional<Refusal> judge_spending(const Wallet& wallet, int64_t amount, Timestamp now);
// What is received is in the wallet's currency.
std::optional<Refusal> judge_currency(const Wallet& wallet, Currency received, uint8_t party = 0);
// Whether the balance stays countable.
std::optional<Refusal> judge_receiving(const Wallet& wallet, int64_t amount, uint8_t party = 0);
// The hold is there, is not a transfer's, and is HELD.
std::optional<Refusal> judge_hold(const Hold* hold, HoldId id, Timestamp now);

// An event of this wallet that changes nothing yet. Fill in the amounts, then call `finish`.
Event start(EventType type, const Wallet& wallet, const Context& context);
// Moves the event's state after by what the event does.
void finish(Event& event);
// Counts the amount on the day's spending.
void count_spending(Event& event, const Wallet& wallet, int64_t amount, Timestamp now);
// Takes the amount off the day's spending again, if it was counted on the wallet's day.
void give_back_spending(Event& event, const Wallet& wallet, int64_t amount, Timestamp counted_at);

}  // namespace ducat::wallet
