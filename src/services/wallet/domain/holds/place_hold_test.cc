#include "services/wallet/domain/holds/place_hold.h"

#include "services/wallet/domain/hold.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> given;
  const char* amount;
  std::optional<Timestamp> expires_at;
  std::string_view then;
};

TEST(PlaceHold, AnswersEveryCase) {
  const Wallet wallet = with_balance("100");
  Wallet limited = wallet;
  limited.daily_limit = usd("20");
  Wallet credited = wallet;
  credited.credit_limit = usd("10");
  const Case cases[] = {
      {"all", wallet, "100", {}, "0:FUNDS_HELD"},
      {"for an instant", wallet, "1", kNoon + Duration{1}, "0:FUNDS_HELD"},
      {"on credit", credited, "110", {}, "0:FUNDS_HELD"},
      {"beyond credit",
       credited,
       "110.01",
       {},
       "422 InsufficientFundsError: Insufficient funds: balance=100.00, requested=110.01"},
      {"too much",
       wallet,
       "100.01",
       {},
       "422 InsufficientFundsError: Insufficient funds: balance=100.00, requested=100.01"},
      {"too much for the day",
       limited,
       "20.01",
       {},
       "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=20.01, daily limit=20.00"},
      {"nothing", wallet, "0", {}, kNotPositive},
      {"half a cent", wallet, "0.005", {}, kTooPrecise},
      {"over already", wallet, "1", kNoon, "400 ValidationError: expiresAt must be in the future"},
      {"over already, nobody", {}, "1", kNoon, "400 ValidationError: expiresAt must be in the future"},
      {"of nobody", {}, "1", {}, kNotFound},
      {"of a frozen wallet", frozen(wallet), "1", {}, kFrozen},
      {"of a closed wallet", closed(with_balance("0")), "1", {}, kClosed},
  };
  for (const Case& c : cases) {
    Decision decision =
        decide(c.given ? &*c.given : nullptr, PlaceHold{dec(c.amount), c.expires_at}, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(PlaceHold, KeepsTheBalanceAndTakesFromWhatIsAvailable) {
  const Wallet wallet = with_balance("100");
  Decision decision = decide(&wallet, PlaceHold{dec("60"), kNoon + kOneDay}, kContext);
  ASSERT_TRUE(decision);
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.balance, usd("100"));
  EXPECT_EQ(then.available(), usd("40"));
  EXPECT_EQ(then.open_holds, 1u);
  EXPECT_EQ(then.day_spent, usd("60")) << "a promise to withdraw counts";
  const Event& event = (*decision)[0].event;
  EXPECT_EQ(event.hold.uuid, kContext.new_id);
  EXPECT_TRUE(event.saga.none());
  EXPECT_EQ(hold_placed_by(event),
            (Hold{.amount = usd("60"), .expires_at = kNoon + kOneDay, .created_at = kNoon}));
}

}  // namespace
}  // namespace ducat::wallet
