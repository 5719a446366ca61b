#include "services/wallet/domain/funds/reserve_transfer.h"

#include "services/wallet/domain/hold.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> from;
  const char* amount;
  std::string_view then;
};

TEST(ReserveTransfer, AnswersEveryCase) {
  const Wallet ann = with_balance("100");
  Wallet limited = ann;
  limited.daily_limit = usd("20");
  const Case cases[] = {
      {"all", ann, "100", "0:FUNDS_HELD"},
      {"nothing", ann, "0", kNotPositive},
      {"half a cent", ann, "0.005", kTooPrecise},
      {"from nobody", {}, "30", kNotFound},
      {"from a frozen wallet", frozen(ann), "30", kFrozen},
      {"from a closed wallet", closed(with_balance("0")), "30", kClosed},
      {"too much for the day", limited, "20.01",
       "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=20.01, daily limit=20.00"},
      {"too much", ann, "100.01",
       "422 InsufficientFundsError: Insufficient funds: balance=100.00, requested=100.01"},
  };
  for (const Case& c : cases) {
    Decision decision =
        decide(c.from ? &*c.from : nullptr, ReserveTransfer{"ann", "bob", dec(c.amount)}, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(ReserveTransfer, ToItselfIsRefused) {
  Wallet ann = with_balance("100");
  EXPECT_EQ(answer_of(decide(&ann, ReserveTransfer{"ann", "ann", dec("1")}, kContext)),
            "400 SameWalletError: Cannot transfer to the same wallet");
}

TEST(ReserveTransfer, HoldsUnderTheTransfersIdAndCountsOnTheDay) {
  Wallet ann = with_balance("100");
  Decision decision = decide(&ann, ReserveTransfer{"ann", "bob", dec("30")}, kContext);
  ASSERT_TRUE(decision);
  const Event& held = (*decision)[0].event;
  EXPECT_EQ(held.saga.uuid, kContext.new_id);
  EXPECT_EQ(held.hold.uuid, kContext.new_id);
  EXPECT_EQ(held.counterparty, "bob");
  Wallet then = after(&ann, decision);
  EXPECT_EQ(then.balance, usd("100"));
  EXPECT_EQ(then.available(), usd("70"));
  EXPECT_EQ(then.day_spent, usd("30"));
  EXPECT_EQ(hold_placed_by(held), (Hold{.amount = usd("30"), .is_transfer = true, .created_at = kNoon}));
}

}  // namespace
}  // namespace ducat::wallet
