#include "services/wallet/domain/holds/expire_hold.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

const ExpireHold kExpire{.hold = {uuid(3)}};

Wallet holding() {
  Wallet wallet = with_balance("100");
  wallet.held = usd("60");
  wallet.open_holds = 1;
  wallet.day = kToday;
  wallet.day_spent = usd("60");
  return wallet;
}

Hold hold_until(std::optional<Timestamp> time, HoldState state = HoldState::kHeld) {
  return {
      .amount = usd("60"), .state = state, .expires_at = time, .created_at = kNoon - Duration::seconds(60)};
}

TEST(ExpireHold, AnswersEveryCase) {
  const Wallet wallet = holding();
  const Wallet icy = frozen(wallet);
  const Hold due = hold_until(kNoon);
  const Hold early = hold_until(kNoon + Duration{1});
  const Hold endless = hold_until({});
  const Hold captured = hold_until(kNoon, HoldState::kCaptured);
  const Hold expired = hold_until(kNoon, HoldState::kExpired);
  Hold reservation = due;
  reservation.is_transfer = true;
  const std::string no_hold = "404 HoldNotFoundError: Hold " + uuid(3).to_string() + " not found";
  EXPECT_EQ(answer_of(decide(&wallet, &due, kExpire, kContext)), "0:HOLD_VOIDED");
  EXPECT_EQ(answer_of(decide(&icy, &due, kExpire, kContext)), "0:HOLD_VOIDED");
  EXPECT_EQ(answer_of(decide(&wallet, &early, kExpire, kContext)), "") << "too early";
  EXPECT_EQ(answer_of(decide(&wallet, &endless, kExpire, kContext)), "") << "never";
  EXPECT_EQ(answer_of(decide(&wallet, &captured, kExpire, kContext)), "") << "too late";
  EXPECT_EQ(answer_of(decide(&wallet, &expired, kExpire, kContext)), "") << "twice";
  EXPECT_EQ(answer_of(decide(&wallet, &reservation, kExpire, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(&wallet, nullptr, kExpire, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(nullptr, &due, kExpire, kContext)), kNotFound);
}

TEST(ExpireHold, FreesAllAndSaysWhy) {
  const Wallet wallet = holding();
  Hold hold = hold_until(kNoon);
  Decision decision = decide(&wallet, &hold, kExpire, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.reason, "expired");
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.available(), usd("100"));
  EXPECT_EQ(then.day_spent, 0);
  evolve(hold, (*decision)[0].event);
  EXPECT_EQ(hold.state, HoldState::kExpired);
}

}  // namespace
}  // namespace ducat::wallet
