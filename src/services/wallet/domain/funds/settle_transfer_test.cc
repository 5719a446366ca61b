#include "services/wallet/domain/funds/settle_transfer.h"

#include "services/wallet/domain/ledger.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

const SettleTransfer kSettle{.saga = {uuid(3)}, .to_id = "bob"};

Wallet reserved() {
  Wallet wallet = with_balance("100");
  wallet.held = usd("30");
  wallet.open_holds = 1;
  wallet.day = kToday;
  wallet.day_spent = usd("30");
  return wallet;
}

Hold reservation(HoldState state = HoldState::kHeld) {
  return {.amount = usd("30"), .state = state, .is_transfer = true, .created_at = kNoon};
}

TEST(SettleTransfer, AnswersEveryCase) {
  const Wallet ann = reserved();
  const Wallet icy = frozen(ann);
  const Hold held = reservation();
  const Hold settled = reservation(HoldState::kCaptured);
  const Hold compensated = reservation(HoldState::kVoided);
  const Hold ordinary{.amount = usd("30"), .created_at = kNoon};
  const std::string no_hold = "404 HoldNotFoundError: Hold " + uuid(3).to_string() + " not found";
  EXPECT_EQ(answer_of(decide(&ann, &held, kSettle, kContext)), "0:FUNDS_WITHDRAWN");
  EXPECT_EQ(answer_of(decide(&icy, &held, kSettle, kContext)), "0:FUNDS_WITHDRAWN");
  EXPECT_EQ(answer_of(decide(&ann, &settled, kSettle, kContext)), "") << "a repetition is done already";
  EXPECT_EQ(answer_of(decide(&ann, &compensated, kSettle, kContext)),
            "409 HoldNotActiveError: Hold is not active. Current state: VOIDED");
  EXPECT_EQ(answer_of(decide(&ann, nullptr, kSettle, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(&ann, &ordinary, kSettle, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(nullptr, &held, kSettle, kContext)), kNotFound);
}

TEST(SettleTransfer, TakesWhatWasReservedAndDoesNotCountItTwice) {
  const Wallet ann = reserved();
  Hold hold = reservation();
  Decision decision = decide(&ann, &hold, kSettle, kContext);
  ASSERT_TRUE(decision);
  const Event& event = (*decision)[0].event;
  EXPECT_EQ(event.counterparty, "bob");
  EXPECT_EQ(event.saga.uuid, uuid(3));
  Wallet then = after(&ann, decision);
  EXPECT_EQ(then.balance, usd("70"));
  EXPECT_EQ(then.held, 0);
  EXPECT_EQ(then.open_holds, 0u);
  EXPECT_EQ(then.day_spent, usd("30"));
  evolve(hold, event);
  EXPECT_EQ(hold.state, HoldState::kCaptured);
  EXPECT_EQ(hold.captured, usd("30"));
  EXPECT_EQ(legs(event)->contra, (Leg{AccountKind::kTransit, Currency::kUsd, usd("30")}));
}

}  // namespace
}  // namespace ducat::wallet
