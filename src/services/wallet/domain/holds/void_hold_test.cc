#include "services/wallet/domain/holds/void_hold.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

const VoidHold kVoid{.hold = {uuid(3)}};

Wallet holding() {
  Wallet wallet = with_balance("100");
  wallet.held = usd("60");
  wallet.open_holds = 1;
  wallet.day = kToday;
  wallet.day_spent = usd("80");
  return wallet;
}

Hold hold_in(HoldState state) {
  return {.amount = usd("60"), .state = state, .created_at = kNoon};
}

TEST(VoidHold, AnswersEveryCase) {
  const Wallet wallet = holding();
  const Wallet icy = frozen(wallet);
  const Hold held = hold_in(HoldState::kHeld);
  const Hold captured = hold_in(HoldState::kCaptured);
  const Hold voided = hold_in(HoldState::kVoided);
  Hold late = held;
  late.expires_at = kNoon;
  Hold reservation = held;
  reservation.is_transfer = true;
  const std::string no_hold = "404 HoldNotFoundError: Hold " + uuid(3).to_string() + " not found";
  const std::string not_active = "409 HoldNotActiveError: Hold is not active. Current state: ";
  EXPECT_EQ(answer_of(decide(&wallet, &held, kVoid, kContext)), "0:HOLD_VOIDED");
  EXPECT_EQ(answer_of(decide(&icy, &held, kVoid, kContext)), "0:HOLD_VOIDED");
  EXPECT_EQ(answer_of(decide(&wallet, &captured, kVoid, kContext)), not_active + "CAPTURED");
  EXPECT_EQ(answer_of(decide(&wallet, &voided, kVoid, kContext)), not_active + "VOIDED");
  EXPECT_EQ(answer_of(decide(&wallet, &late, kVoid, kContext)), not_active + "EXPIRED");
  EXPECT_EQ(answer_of(decide(&wallet, &reservation, kVoid, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(&wallet, nullptr, kVoid, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(nullptr, &held, kVoid, kContext)), kNotFound);
}

TEST(VoidHold, FreesAllAndGivesTheDayBack) {
  const Wallet wallet = holding();
  Hold hold = hold_in(HoldState::kHeld);
  Decision decision = decide(&wallet, &hold, kVoid, kContext);
  ASSERT_TRUE(decision);
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.balance, usd("100"));
  EXPECT_EQ(then.available(), usd("100"));
  EXPECT_EQ(then.open_holds, 0u);
  EXPECT_EQ(then.day_spent, usd("20"));
  EXPECT_EQ((*decision)[0].event.reason, "");
  evolve(hold, (*decision)[0].event);
  EXPECT_EQ(hold.state, HoldState::kVoided);
}

TEST(VoidHold, DoesNotGiveBackToAnotherDay) {
  Wallet wallet = holding();
  wallet.day = kToday + 1;
  wallet.day_spent = usd("5");
  const Hold hold = hold_in(HoldState::kHeld);
  Decision decision = decide(&wallet, &hold, kVoid, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(&wallet, decision).day_spent, usd("5"));
}

}  // namespace
}  // namespace ducat::wallet
