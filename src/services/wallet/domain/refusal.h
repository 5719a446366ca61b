// Why a command was refused: a business answer, not an error. A refusal is numbers only, so the hot path
// makes no text; render() makes the exact texts of the public contract when somebody has to read them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "services/wallet/domain/hold.h"
#include "services/wallet/domain/types.h"

namespace ducat::wallet {

enum class RefusalKind : uint8_t {
  kAmountNotPositive,  // the caller's input is wrong: 400
  kAmountTooPrecise,   //   (or beyond what can be held)
  kLimitNegative,
  kExpiryInPast,
  kSameWallet,
  kWalletNotFound,  // 404
  kHoldNotFound,
  kHoldNotActive,  // 409
  kWalletNotEmpty,
  kWalletNotActive,  // a rule refused it: 422
  kDailyLimit,
  kInsufficientFunds,
  kCurrencyMismatch,
  kBalanceLimit,
  kCaptureTooLarge,
};
inline constexpr RefusalKind kLastRefusalKind = RefusalKind::kCaptureTooLarge;

// The kind, and the numbers its text needs. Amounts are minor units of `currency`.
struct Refusal {
  RefusalKind kind = RefusalKind::kAmountNotPositive;
  uint8_t party = 0;  // whose fault: 1 is the receiver of a transfer, 0 everybody else
  WalletStatus status = WalletStatus::kActive;    // kWalletNotActive
  HoldState hold_state = HoldState::kHeld;        // kHoldNotActive
  Currency currency = Currency::kNone;            // the wallet's
  Currency requested_currency = Currency::kNone;  // kCurrencyMismatch
  uint32_t open_holds = 0;                        // kWalletNotEmpty
  int64_t available = 0;  // balance - held; kWalletNotEmpty, kBalanceLimit: the balance
  int64_t requested = 0;
  int64_t limit = 0;                  // kDailyLimit: the limit; kCaptureTooLarge: what is held
  HoldId hold{};                      // kHoldNotFound, kHoldNotActive
  std::string_view field = "amount";  // a constant: the input field that kinds of 400 speak of

  bool operator==(const Refusal&) const = default;
};

struct RenderedRefusal {
  int status = 0;           // of HTTP
  std::string_view type{};  // "InsufficientFundsError"
  std::string message{};
  std::string detail{};
  bool is_validation = false;  // the contract wants `message` as an array of one
};

// The answer of contracts/wallet.md. `wallet_id` is the wallet the command was sent to, `receiver_id` the
// other one of a transfer.
RenderedRefusal render(const Refusal& refusal, std::string_view wallet_id, std::string_view receiver_id = {});

inline std::unexpected<Refusal> refuse(const Refusal& refusal) {
  return std::unexpected<Refusal>(refusal);
}

}  // namespace ducat::wallet
