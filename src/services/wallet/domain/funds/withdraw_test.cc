#include "services/wallet/domain/funds/withdraw.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

Wallet limited(std::string_view balance, std::string_view limit, std::string_view spent_today) {
  Wallet wallet = with_balance(balance);
  wallet.daily_limit = usd(limit);
  wallet.day = kToday;
  wallet.day_spent = usd(spent_today);
  return wallet;
}

Wallet with_held(std::string_view balance, std::string_view held) {
  Wallet wallet = with_balance(balance);
  wallet.held = usd(held);
  wallet.open_holds = 1;
  return wallet;
}

Wallet with_credit(Wallet wallet, std::string_view credit) {
  wallet.credit_limit = usd(credit);
  return wallet;
}

struct Case {
  const char* when;
  std::optional<Wallet> given;
  const char* amount;
  std::string_view then;
};

constexpr std::string_view kDone = "0:FUNDS_WITHDRAWN";

TEST(Withdraw, AnswersEveryCase) {
  const Case cases[] = {
      {"a part", with_balance("151"), "50", kDone},
      {"all", with_balance("151"), "151.00", kDone},
      {"a cent too much", with_balance("151"), "151.01",
       "422 InsufficientFundsError: Insufficient funds: balance=151.00, requested=151.01"},
      {"far too much", with_balance("151"), "100000",
       "422 InsufficientFundsError: Insufficient funds: balance=151.00, requested=100000.00"},
      {"from nothing", with_balance("0"), "0.01",
       "422 InsufficientFundsError: Insufficient funds: balance=0.00, requested=0.01"},
      {"what is held", with_held("100", "60"), "40.01",
       "422 InsufficientFundsError: Insufficient funds: balance=40.00, requested=40.01"},
      {"what is not held", with_held("100", "60"), "40", kDone},
      {"on credit", with_credit(with_balance("10"), "5"), "15", kDone},
      {"beyond credit", with_credit(with_balance("10"), "5"), "15.01",
       "422 InsufficientFundsError: Insufficient funds: balance=10.00, requested=15.01"},
      {"below a lowered credit", with_credit(with_balance("-10"), "5"), "0.01",
       "422 InsufficientFundsError: Insufficient funds: balance=-10.00, requested=0.01"},
      {"nothing", with_balance("1"), "0", kNotPositive},
      {"less than nothing", with_balance("1"), "-5", kNotPositive},
      {"half a cent", with_balance("1"), "0.005", kTooPrecise},
      {"from nobody", {}, "1", kNotFound},
      {"nothing from nobody", {}, "0", kNotPositive},
      {"half a cent from nobody", {}, "0.005", kTooPrecise},
      {"from a frozen wallet", frozen(with_balance("1")), "1", kFrozen},
      {"from a closed wallet", closed(with_balance("0")), "1", kClosed},
      {"up to the daily limit", limited("500", "100", "70"), "30", kDone},
      {"over the daily limit at once", limited("500", "100", "0"), "150",
       "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=150.00, daily limit=100.00"},
      {"over the daily limit in sum", limited("500", "100", "70"), "30.01",
       "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=30.01, daily limit=100.00"},
      {"with a limit of zero", limited("500", "0", "0"), "0.01",
       "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=0.01, daily limit=0.00"},
  };
  for (const Case& c : cases) {
    Decision decision = decide(c.given ? &*c.given : nullptr, Withdraw{dec(c.amount)}, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(Withdraw, IsJudgedAmountThenStatusThenLimitThenFunds) {
  Wallet wallet = frozen(limited("5", "1", "0"));
  EXPECT_EQ(answer_of(decide(&wallet, Withdraw{dec("-1")}, kContext)), kNotPositive);
  EXPECT_EQ(answer_of(decide(&wallet, Withdraw{dec("10")}, kContext)), kFrozen);
  wallet.status = WalletStatus::kActive;
  EXPECT_EQ(answer_of(decide(&wallet, Withdraw{dec("10")}, kContext)),
            "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=10.00, daily limit=1.00");
  wallet.daily_limit.reset();
  EXPECT_EQ(answer_of(decide(&wallet, Withdraw{dec("10")}, kContext)),
            "422 InsufficientFundsError: Insufficient funds: balance=5.00, requested=10.00");
}

TEST(Withdraw, TakesTheMoneyAndCountsItOnTheDay) {
  Wallet wallet = limited("500", "100", "70");
  Decision decision = decide(&wallet, Withdraw{dec("30")}, kContext);
  ASSERT_TRUE(decision);
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.balance, usd("470"));
  EXPECT_EQ(then.day_spent, usd("100"));
  EXPECT_EQ(then.day, kToday);
}

TEST(Withdraw, NewDayStartsTheLimitAnew) {
  Wallet wallet = limited("500", "100", "100");
  Context context = kContext;
  context.now = Timestamp{(kToday + 1) * kOneDay.micros};  // midnight
  Decision decision = decide(&wallet, Withdraw{dec("100")}, context);
  ASSERT_TRUE(decision);
  Wallet then = after(&wallet, decision);
  EXPECT_EQ(then.day, kToday + 1);
  EXPECT_EQ(then.day_spent, usd("100"));

  context.now = context.now - Duration{1};
  EXPECT_FALSE(decide(&wallet, Withdraw{dec("0.01")}, context)) << "a microsecond before midnight";
}

TEST(Withdraw, ClockSetBackDoesNotOpenTheLimitAnew) {
  Wallet wallet = limited("500", "100", "100");
  Context context = kContext;
  context.now = kNoon - kOneDay;
  EXPECT_FALSE(decide(&wallet, Withdraw{dec("1")}, context));
  wallet.day_spent = usd("60");
  Decision decision = decide(&wallet, Withdraw{dec("40")}, context);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(&wallet, decision).day, kToday);
  EXPECT_EQ(after(&wallet, decision).day_spent, usd("100"));
}

TEST(Withdraw, DaysSpendingBeyondWhatCanBeCountedIsRefused) {
  Wallet wallet = with_balance("1");
  wallet.day = kToday;
  wallet.day_spent = std::numeric_limits<int64_t>::max();
  Decision decision = decide(&wallet, Withdraw{dec("1")}, kContext);
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().kind, RefusalKind::kBalanceLimit);
  wallet.daily_limit = usd("5");
  decision = decide(&wallet, Withdraw{dec("1")}, kContext);
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().kind, RefusalKind::kDailyLimit);
}

}  // namespace
}  // namespace ducat::wallet
