#include "services/wallet/domain/funds/compensate_transfer.h"

#include "services/wallet/domain/ledger.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

const CompensateTransfer kCompensate{.saga = {uuid(3)}, .to_id = "bob", .reason = "receiver is frozen"};

Wallet reserved() {
  Wallet wallet = with_balance("100");
  wallet.held = usd("30");
  wallet.open_holds = 1;
  wallet.day = kToday;
  wallet.day_spent = usd("40");
  return wallet;
}

Hold reservation(HoldState state = HoldState::kHeld) {
  return {.amount = usd("30"), .state = state, .is_transfer = true, .created_at = kNoon};
}

TEST(CompensateTransfer, AnswersEveryCase) {
  const Wallet ann = reserved();
  const Wallet icy = frozen(ann);
  const Hold held = reservation();
  const Hold settled = reservation(HoldState::kCaptured);
  const Hold compensated = reservation(HoldState::kVoided);
  const Hold ordinary{.amount = usd("30"), .created_at = kNoon};
  const std::string no_hold = "404 HoldNotFoundError: Hold " + uuid(3).to_string() + " not found";
  EXPECT_EQ(answer_of(decide(&ann, &held, kCompensate, kContext)), "0:TRANSFER_COMPENSATED");
  EXPECT_EQ(answer_of(decide(&icy, &held, kCompensate, kContext)), "0:TRANSFER_COMPENSATED");
  EXPECT_EQ(answer_of(decide(&ann, &compensated, kCompensate, kContext)), "")
      << "a repetition is done already";
  EXPECT_EQ(answer_of(decide(&ann, &settled, kCompensate, kContext)),
            "409 HoldNotActiveError: Hold is not active. Current state: CAPTURED");
  EXPECT_EQ(answer_of(decide(&ann, nullptr, kCompensate, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(&ann, &ordinary, kCompensate, kContext)), no_hold);
  EXPECT_EQ(answer_of(decide(nullptr, &held, kCompensate, kContext)), kNotFound);
}

TEST(CompensateTransfer, FreesTheReservationAndGivesTheDayBack) {
  const Wallet ann = reserved();
  Hold hold = reservation();
  Decision decision = decide(&ann, &hold, kCompensate, kContext);
  ASSERT_TRUE(decision);
  const Event& event = (*decision)[0].event;
  EXPECT_EQ(event.amount, usd("30"));
  EXPECT_EQ(event.reason, "receiver is frozen");
  EXPECT_EQ(event.saga.uuid, uuid(3));
  Wallet then = after(&ann, decision);
  EXPECT_EQ(then.balance, usd("100"));
  EXPECT_EQ(then.available(), usd("100"));
  EXPECT_EQ(then.open_holds, 0u);
  EXPECT_EQ(then.day_spent, usd("10"));
  evolve(hold, event);
  EXPECT_EQ(hold.state, HoldState::kVoided);
  EXPECT_FALSE(legs(event)) << "nothing has moved";
}

TEST(CompensateTransfer, DoesNotGiveBackToAnotherDay) {
  Wallet ann = reserved();
  ann.day = kToday + 1;
  ann.day_spent = usd("10");
  const Hold hold = reservation();
  Decision decision = decide(&ann, &hold, kCompensate, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(&ann, decision).day_spent, usd("10"));
}

}  // namespace
}  // namespace ducat::wallet
