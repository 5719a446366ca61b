#include "services/wallet/domain/refusal.h"

#include <gtest/gtest.h>

#include <utility>

namespace ducat::wallet {
namespace {

struct Case {
  Refusal refusal;
  int status;
  std::string_view type;
  std::string_view message;
  bool is_validation;
};

const Case kCases[] = {
    {{.kind = RefusalKind::kAmountNotPositive},
     400,
     "ValidationError",
     "amount must be a positive number",
     true},
    {{.kind = RefusalKind::kAmountTooPrecise},
     400,
     "ValidationError",
     "amount must be a number conforming to the specified constraints",
     true},
    {{.kind = RefusalKind::kLimitNegative, .field = "limit"},
     400,
     "ValidationError",
     "limit must not be less than 0",
     true},
    {{.kind = RefusalKind::kExpiryInPast, .field = "expiresAt"},
     400,
     "ValidationError",
     "expiresAt must be in the future",
     true},
    {{.kind = RefusalKind::kSameWallet}, 400, "SameWalletError", "Cannot transfer to the same wallet", false},
    {{.kind = RefusalKind::kWalletNotFound}, 404, "WalletNotFoundError", "Wallet nobody not found", false},
    {{.kind = RefusalKind::kHoldNotFound},
     404,
     "HoldNotFoundError",
     "Hold 00000000-0000-0000-0000-000000000000 not found",
     false},
    {{.kind = RefusalKind::kHoldNotActive, .hold_state = HoldState::kVoided},
     409,
     "HoldNotActiveError",
     "Hold is not active. Current state: VOIDED",
     false},
    {{.kind = RefusalKind::kWalletNotEmpty, .currency = Currency::kUsd, .open_holds = 2, .available = 150},
     409,
     "WalletNotEmptyError",
     "Wallet is not empty: balance=1.50, holds=2",
     false},
    {{.kind = RefusalKind::kWalletNotActive, .status = WalletStatus::kFrozen},
     422,
     "WalletNotActiveError",
     "Wallet is not active. Current status: FROZEN",
     false},
    {{.kind = RefusalKind::kDailyLimit, .currency = Currency::kUsd, .requested = 15000, .limit = 10000},
     422,
     "WithdrawalLimitExceededError",
     "Withdrawal limit exceeded: requested=150.00, daily limit=100.00",
     false},
    {{.kind = RefusalKind::kInsufficientFunds,
      .currency = Currency::kUsd,
      .available = 15100,
      .requested = 10000000},
     422,
     "InsufficientFundsError",
     "Insufficient funds: balance=151.00, requested=100000.00",
     false},
    {{.kind = RefusalKind::kCurrencyMismatch,
      .currency = Currency::kUsd,
      .requested_currency = Currency::kEur},
     422,
     "CurrencyMismatchError",
     "Currency mismatch: wallet=USD, requested=EUR",
     false},
    {{.kind = RefusalKind::kBalanceLimit, .currency = Currency::kJpy, .available = 5, .requested = 6},
     422,
     "BalanceLimitError",
     "Balance limit exceeded: balance=5, requested=6",
     false},
    {{.kind = RefusalKind::kCaptureTooLarge, .currency = Currency::kKwd, .requested = 5, .limit = 4},
     422,
     "CaptureExceedsHoldError",
     "Capture exceeds the hold: requested=0.005, held=0.004",
     false},
};

TEST(RenderRefusal, GivesTheContractsAnswerForEveryKind) {
  ASSERT_EQ(std::size(kCases), std::to_underlying(kLastRefusalKind) + 1u);
  for (size_t i = 0; i < std::size(kCases); ++i) {
    const Case& c = kCases[i];
    ASSERT_EQ(std::to_underlying(c.refusal.kind), i) << "the table has every kind once";
    RenderedRefusal rendered = render(c.refusal, "nobody");
    EXPECT_EQ(rendered.status, c.status) << c.message;
    EXPECT_EQ(rendered.type, c.type) << c.message;
    EXPECT_EQ(rendered.message, c.message);
    EXPECT_EQ(rendered.is_validation, c.is_validation) << c.message;
    EXPECT_FALSE(rendered.detail.empty()) << c.message;
  }
}

TEST(RenderRefusal, NamesTheWalletThatIsMeant) {
  Refusal refusal{.kind = RefusalKind::kWalletNotActive, .party = 1, .status = WalletStatus::kClosed};
  EXPECT_EQ(render(refusal, "ann", "bob").detail, "Wallet bob is CLOSED.");
  refusal.party = 0;
  EXPECT_EQ(render(refusal, "ann", "bob").detail, "Wallet ann is CLOSED.");
}

}  // namespace
}  // namespace ducat::wallet
