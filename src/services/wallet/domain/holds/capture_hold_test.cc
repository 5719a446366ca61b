#include "services/wallet/domain/holds/capture_hold.h"

#include "services/wallet/domain/ledger.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

const HoldId kHold{uuid(3)};

Wallet holding() {
  Wallet wallet = with_balance("100");
  wallet.held = usd("60");
  wallet.open_holds = 1;
  wallet.day = kToday;
  wallet.day_spent = usd("60");
  return wallet;
}

Hold hold_in(HoldState state) {
  return {.amount = usd("60"), .state = state, .created_at = kNoon};
}

Hold hold_until(Timestamp time) {
  return {.amount = usd("60"), .expires_at = time, .created_at = kNoon - kOneDay};
}

Hold reservation() {
  return {.amount = usd("60"), .is_transfer = true, .created_at = kNoon};
}

struct Case {
  const char* when;
  std::optional<Wallet> wallet;
  std::optional<Hold> hold;
  const char* amount;  // null: all
  std::string then;
};

TEST(CaptureHold, AnswersEveryCase) {
  const Hold held = hold_in(HoldState::kHeld);
  const std::string no_hold = "404 HoldNotFoundError: Hold " + kHold.uuid.to_string() + " not found";
  const std::string not_active = "409 HoldNotActiveError: Hold is not active. Current state: ";
  const Case cases[] = {
      {"all", holding(), held, nullptr, "0:HOLD_CAPTURED"},
      {"a part", holding(), held, "0.01", "0:HOLD_CAPTURED"},
      {"all by number", holding(), held, "60", "0:HOLD_CAPTURED"},
      {"too much", holding(), held, "60.01",
       "422 CaptureExceedsHoldError: Capture exceeds the hold: requested=60.01, held=60.00"},
      {"nothing", holding(), held, "0", std::string(kNotPositive)},
      {"half a cent", holding(), held, "0.005", std::string(kTooPrecise)},
      {"in time", holding(), hold_until(kNoon + Duration{1}), nullptr, "0:HOLD_CAPTURED"},
      {"too late", holding(), hold_until(kNoon), nullptr, not_active + "EXPIRED"},
      {"captured", holding(), hold_in(HoldState::kCaptured), nullptr, not_active + "CAPTURED"},
      {"voided", holding(), hold_in(HoldState::kVoided), nullptr, not_active + "VOIDED"},
      {"expired", holding(), hold_in(HoldState::kExpired), nullptr, not_active + "EXPIRED"},
      {"a transfer's", holding(), reservation(), nullptr, no_hold},
      {"no hold", holding(), {}, nullptr, no_hold},
      {"no wallet", {}, held, nullptr, std::string(kNotFound)},
      {"frozen", frozen(holding()), held, nullptr, std::string(kFrozen)},
      {"frozen, captured before", frozen(holding()), hold_in(HoldState::kCaptured), nullptr,
       not_active + "CAPTURED"},
  };
  for (const Case& c : cases) {
    CaptureHold command{.hold = kHold, .amount = {}};
    if (c.amount != nullptr) command.amount = dec(c.amount);
    Decision decision =
        decide(c.wallet ? &*c.wallet : nullptr, c.hold ? &*c.hold : nullptr, command, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(CaptureHold, OfAllTakesAllAndTheDayStaysCounted) {
  const Wallet wallet = holding();
  Hold hold = hold_in(HoldState::kHeld);
  Decision decision = decide(&wallet, &hold, CaptureHold{kHold, {}}, kContext);
  ASSERT_TRUE(decision);
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.balance, usd("40"));
  EXPECT_EQ(then.available(), usd("40"));
  EXPECT_EQ(then.open_holds, 0u);
  EXPECT_EQ(then.day_spent, usd("60"));
  evolve(hold, (*decision)[0].event);
  EXPECT_EQ(hold.state, HoldState::kCaptured);
  EXPECT_EQ(hold.captured, usd("60"));
}

TEST(CaptureHold, OfAPartFreesTheRestAndGivesItBackToTheDay) {
  const Wallet wallet = holding();
  Hold hold = hold_in(HoldState::kHeld);
  Decision decision = decide(&wallet, &hold, CaptureHold{kHold, dec("45")}, kContext);
  ASSERT_TRUE(decision);
  const Event& event = (*decision)[0].event;
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.balance, usd("55"));
  EXPECT_EQ(then.held, 0);
  EXPECT_EQ(then.day_spent, usd("45"));
  evolve(hold, event);
  EXPECT_EQ(hold.captured, usd("45"));
  EXPECT_EQ(legs(event)->contra, (Leg{AccountKind::kWorld, Currency::kUsd, usd("45")}));
}

TEST(CaptureHold, OnAnotherDayLeavesThatDayAlone) {
  Wallet wallet = holding();
  wallet.day = kToday + 1;
  wallet.day_spent = usd("5");
  const Hold hold = hold_in(HoldState::kHeld);
  Decision decision = decide(&wallet, &hold, CaptureHold{kHold, dec("45")}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(&wallet, decision).day_spent, usd("5"));
}

}  // namespace
}  // namespace ducat::wallet
