// What a wallet is, as the rules see it: a small value that events change (evolve.h) and commands judge.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"

namespace ducat::wallet {

// A wallet's number inside one shard: what the journal, the tables and the invariants call it. The text id
// that callers know stands only in WALLET_CREATED.
enum class WalletNo : uint64_t {};

// A hold, and a transfer. All zero is none. A transfer between shards reserves with a hold of its own id.
struct HoldId {
  Uuid uuid;
  auto operator<=>(const HoldId&) const = default;
  bool none() const { return uuid == Uuid{}; }
};
struct SagaId {
  Uuid uuid;
  auto operator<=>(const SagaId&) const = default;
  bool none() const { return uuid == Uuid{}; }
};

// Stored, so the numbers never change.
enum class WalletStatus : uint8_t { kActive = 0, kFrozen = 1, kClosed = 2 };

// "ACTIVE", "FROZEN", "CLOSED".
std::string_view to_string(WalletStatus status);

// The state of a wallet. All amounts are minor units of its currency.
struct Wallet {
  int64_t balance = 0;
  int64_t held = 0;                      // sum of its HELD holds, transfers' reservations included
  int64_t credit_limit = 0;              // how far below zero spending may take it
  int64_t day_spent = 0;                 // counted against the daily limit on `day` (spending.h)
  std::optional<int64_t> daily_limit{};  // none: no limit
  int32_t day = 0;                       // the last UTC day with spending; never goes back
  uint32_t open_holds = 0;
  Currency currency = Currency::kNone;
  WalletStatus status = WalletStatus::kActive;

  // What callers are shown as available.
  int64_t available() const { return balance - held; }
  // What may be spent: credit counts.
  int64_t spendable() const { return balance - held + credit_limit; }

  bool operator==(const Wallet&) const = default;
};
static_assert(sizeof(Wallet) <= 96 && std::is_trivially_copyable_v<Wallet>, "millions are kept in memory");

// The currency of a wallet that its first deposit does not name.
inline constexpr Currency kDefaultCurrency = Currency::kUsd;

}  // namespace ducat::wallet
