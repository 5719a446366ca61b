// What the wallet's tests share: short ways to say money, wallets and what a command should answer.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "services/wallet/domain/decision.h"
#include "services/wallet/domain/judging.h"

namespace ducat::wallet::testing {

// 2026-03-01T12:00:00Z, and the UTC day it is on.
inline constexpr Timestamp kNoon{1'772'366'400'000'000};
inline constexpr Duration kOneDay = Duration::seconds(86'400);
inline constexpr int32_t kToday = 20'513;

inline Uuid uuid(uint8_t last) {
  Uuid id;
  id.bytes[0] = 1;
  id.bytes[15] = last;
  return id;
}
inline const Context kContext{.now = kNoon, .new_id = uuid(7), .request_id = "req-1"};

inline Decimal dec(std::string_view digits) {
  auto parsed = parse_decimal(digits);
  DUCAT_CHECK(parsed.has_value(), "a test writes numbers");
  return *parsed;
}
// Cents: usd("1.5") is 150.
inline int64_t usd(std::string_view digits) {
  return to_minor(dec(digits), Currency::kUsd).value();
}

// An active USD wallet.
inline Wallet with_balance(std::string_view balance) {
  return {.balance = usd(balance), .currency = Currency::kUsd};
}
inline Wallet frozen(Wallet wallet) {
  wallet.status = WalletStatus::kFrozen;
  return wallet;
}
inline Wallet closed(Wallet wallet) {
  wallet.status = WalletStatus::kClosed;
  return wallet;
}

// The wallet of `party` after the decision; without one before (null) it starts from nothing.
inline Wallet after(const Wallet* before, const Decision& decision, uint8_t party = 0) {
  Wallet wallet = before == nullptr ? Wallet{} : *before;
  for (const PartyEvent& each : *decision) {
    if (each.party == party) evolve(wallet, each.event);
  }
  return wallet;
}

// "0:WALLET_CREATED 0:FUNDS_DEPOSITED": which events, and whose.
inline std::string types_of(const Decision& decision) {
  std::string out;
  for (const PartyEvent& each : *decision) {
    if (!out.empty()) out += ' ';
    out += std::to_string(each.party) + ":" + std::string(to_string(each.event.type));
  }
  return out;
}

// "422 InsufficientFundsError: …", or the events if it was accepted.
inline std::string answer_of(const Decision& decision, std::string_view wallet_id = "ann",
                             std::string_view receiver_id = "bob") {
  if (decision) return types_of(decision);
  RenderedRefusal refusal = render(decision.error(), wallet_id, receiver_id);
  return std::to_string(refusal.status) + " " + std::string(refusal.type) + ": " + refusal.message;
}

// What the contract says, written once for all tests.
inline constexpr std::string_view kNotPositive = "400 ValidationError: amount must be a positive number";
inline constexpr std::string_view kTooPrecise =
    "400 ValidationError: amount must be a number conforming to the specified constraints";
inline constexpr std::string_view kNotFound = "404 WalletNotFoundError: Wallet ann not found";
inline constexpr std::string_view kFrozen =
    "422 WalletNotActiveError: Wallet is not active. Current status: FROZEN";
inline constexpr std::string_view kClosed =
    "422 WalletNotActiveError: Wallet is not active. Current status: CLOSED";

}  // namespace ducat::wallet::testing
