#include "services/wallet/domain/events.h"

#include <utility>

#include "services/wallet/domain/funds/deposit.h"
#include "services/wallet/domain/funds/withdraw.h"
#include "services/wallet/domain/hold.h"
#include "services/wallet/domain/ledger.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

TEST(EventType, NamesAndNumbersAreTheStoredOnes) {
  const std::pair<EventType, std::string_view> names[] = {
      {EventType::kWalletCreated, "WALLET_CREATED"},
      {EventType::kFundsDeposited, "FUNDS_DEPOSITED"},
      {EventType::kFundsWithdrawn, "FUNDS_WITHDRAWN"},
      {EventType::kTransferCompensated, "TRANSFER_COMPENSATED"},
      {EventType::kFundsHeld, "FUNDS_HELD"},
      {EventType::kHoldCaptured, "HOLD_CAPTURED"},
      {EventType::kHoldVoided, "HOLD_VOIDED"},
      {EventType::kWalletFrozen, "WALLET_FROZEN"},
      {EventType::kWalletUnfrozen, "WALLET_UNFROZEN"},
      {EventType::kWalletClosed, "WALLET_CLOSED"},
      {EventType::kLimitChanged, "LIMIT_CHANGED"},
  };
  int number = 1;
  for (const auto& [type, name] : names) {
    EXPECT_EQ(std::to_underlying(type), number++) << name;
    EXPECT_EQ(to_string(type), name);
    EXPECT_EQ(parse_event_type(name), type);
  }
  EXPECT_EQ(parse_event_type(""), std::nullopt);
  EXPECT_EQ(parse_event_type("wallet_created"), std::nullopt);
}

TEST(EventType, OnlyMovementsAndHoldsHaveAnAmount) {
  EXPECT_FALSE(has_amount(EventType::kWalletCreated));
  EXPECT_TRUE(has_amount(EventType::kFundsDeposited));
  EXPECT_TRUE(has_amount(EventType::kHoldVoided));
  EXPECT_FALSE(has_amount(EventType::kWalletFrozen));
  EXPECT_FALSE(has_amount(EventType::kLimitChanged));
}

TEST(Evolve, StopsOnAnEventThatIsAppliedTwice) {
  Wallet wallet = with_balance("10");
  Decision decision = decide(&wallet, Withdraw{dec("1")}, kContext);
  ASSERT_TRUE(decision);
  evolve(wallet, (*decision)[0].event);
  EXPECT_DEATH(evolve(wallet, (*decision)[0].event), "applied once");
}

TEST(Evolve, StopsOnAWalletCreatedTwice) {
  Decision decision = decide(nullptr, Deposit{"ann", dec("1"), {}}, kContext);
  ASSERT_TRUE(decision);
  Wallet wallet = with_balance("10");
  EXPECT_DEATH(evolve(wallet, (*decision)[0].event), "created once");
}

TEST(Evolve, StopsOnAnotherCurrency) {
  Wallet wallet = with_balance("10");
  Event event = start(EventType::kWalletFrozen, wallet, kContext);
  event.currency = Currency::kEur;
  EXPECT_DEATH(evolve(wallet, event), "currency");
}

TEST(EvolveHold, StopsOnAHoldThatEndsTwice) {
  Hold hold{.amount = 100, .created_at = kNoon};
  Event event{.type = EventType::kHoldVoided, .amount = 100};
  evolve(hold, event);
  EXPECT_DEATH(evolve(hold, event), "ends once");
}

TEST(EvolveHold, IgnoresWhatDoesNotEndIt) {
  Hold hold{.amount = 100, .created_at = kNoon};
  const Hold before = hold;
  evolve(hold, Event{.type = EventType::kFundsDeposited, .amount = 5});
  evolve(hold, Event{.type = EventType::kFundsHeld, .amount = 100});
  EXPECT_EQ(hold, before);
}

TEST(Hold, IsShownExpiredFromItsTimeOn) {
  Hold hold{.amount = 100, .expires_at = kNoon, .created_at = kNoon - kOneDay};
  EXPECT_EQ(hold.state_at(kNoon - Duration{1}), HoldState::kHeld);
  EXPECT_EQ(hold.state_at(kNoon), HoldState::kExpired);
  hold.state = HoldState::kCaptured;
  EXPECT_EQ(hold.state_at(kNoon), HoldState::kCaptured);
}

TEST(Legs, OfADepositStandAgainstTheWorld) {
  const Event event{.type = EventType::kFundsDeposited, .currency = Currency::kUsd, .amount = 5};
  EXPECT_EQ(legs(event),
            (Movement{{AccountKind::kWallet, Currency::kUsd, 5}, {AccountKind::kWorld, Currency::kUsd, -5}}));
}

TEST(Legs, OfAWithdrawalStandAgainstTheWorld) {
  const Event event{.type = EventType::kFundsWithdrawn, .currency = Currency::kUsd, .amount = 5};
  EXPECT_EQ(legs(event),
            (Movement{{AccountKind::kWallet, Currency::kUsd, -5}, {AccountKind::kWorld, Currency::kUsd, 5}}));
}

TEST(Legs, OfATransferStandAgainstTransit) {
  const Event event{
      .type = EventType::kFundsDeposited, .currency = Currency::kUsd, .amount = 5, .saga = {uuid(1)}};
  EXPECT_EQ(legs(event)->contra, (Leg{AccountKind::kTransit, Currency::kUsd, -5}));
}

TEST(Legs, AreNoneWhereTheBalanceStays) {
  for (EventType type :
       {EventType::kWalletCreated, EventType::kFundsHeld, EventType::kHoldVoided,
        EventType::kTransferCompensated, EventType::kWalletFrozen, EventType::kLimitChanged}) {
    EXPECT_FALSE(legs(Event{.type = type, .currency = Currency::kUsd, .amount = 5})) << to_string(type);
  }
}

}  // namespace
}  // namespace ducat::wallet
