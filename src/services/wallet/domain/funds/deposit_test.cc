#include "services/wallet/domain/funds/deposit.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> given;
  const char* amount;
  std::optional<Currency> currency;
  std::string_view then;
};

TEST(Deposit, AnswersEveryCase) {
  const Wallet wallet = with_balance("10");
  Wallet nearly_full = wallet;
  nearly_full.balance = kMaxMinor - 1;
  const Case cases[] = {
      {"to nobody", {}, "100", {}, "0:WALLET_CREATED 0:FUNDS_DEPOSITED"},
      {"to nobody in euros", {}, "1.24", Currency::kEur, "0:WALLET_CREATED 0:FUNDS_DEPOSITED"},
      {"to a wallet", wallet, "0.01", {}, "0:FUNDS_DEPOSITED"},
      {"in the wallet's currency", wallet, "1", Currency::kUsd, "0:FUNDS_DEPOSITED"},
      {"nothing", wallet, "0", {}, kNotPositive},
      {"less than nothing", wallet, "-1", {}, kNotPositive},
      {"nothing, to nobody", {}, "0", {}, kNotPositive},
      {"half a cent", wallet, "1.005", {}, kTooPrecise},
      {"half a cent to nobody", {}, "1.005", {}, kTooPrecise},
      {"half a yen", {}, "1.5", Currency::kJpy, kTooPrecise},
      {"more than bitcoin can count", {}, "999999999999999", Currency::kBtc, kTooPrecise},
      {"another currency", wallet, "1", Currency::kEur,
       "422 CurrencyMismatchError: Currency mismatch: wallet=USD, requested=EUR"},
      {"to a frozen wallet", frozen(wallet), "1", {}, kFrozen},
      {"to a closed wallet", closed(with_balance("0")), "1", {}, kClosed},
      {"another currency, frozen", frozen(wallet), "1", Currency::kEur, kFrozen},
      {"up to the brim", nearly_full, "0.01", {}, "0:FUNDS_DEPOSITED"},
      {"over the brim",
       nearly_full,
       "0.02",
       {},
       "422 BalanceLimitError: Balance limit exceeded: balance=9999999999999999.98, requested=0.02"},
  };
  for (const Case& c : cases) {
    const Wallet* given = c.given ? &*c.given : nullptr;
    Decision decision = decide(given, Deposit{"ann", dec(c.amount), c.currency}, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(Deposit, FirstOneMakesTheWalletInTheDefaultCurrency) {
  Decision decision = decide(nullptr, Deposit{"ann", dec("100"), {}}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.wallet_id, "ann");
  EXPECT_EQ((*decision)[0].event.amount, 0);
  EXPECT_EQ(after(nullptr, decision), with_balance("100"));
}

TEST(Deposit, FirstOneMayNameTheCurrency) {
  Decision decision = decide(nullptr, Deposit{"ann", dec("1.234"), Currency::kKwd}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(nullptr, decision), (Wallet{.balance = 1234, .currency = Currency::kKwd}));
}

TEST(Deposit, EventTellsAmountTimeRequestAndBalance) {
  Wallet wallet = with_balance("10");
  Decision decision = decide(&wallet, Deposit{"ann", dec("2.5"), {}}, kContext);
  ASSERT_TRUE(decision);
  const Event& event = (*decision)[0].event;
  EXPECT_EQ(event.amount, 250);
  EXPECT_EQ(event.balance_after, 1250);
  EXPECT_EQ(event.currency, Currency::kUsd);
  EXPECT_EQ(event.at, kNoon);
  EXPECT_EQ(event.request_id, "req-1");
  EXPECT_TRUE(event.saga.none());
}

TEST(Deposit, IsNoSpending) {
  Wallet wallet = with_balance("10");
  wallet.daily_limit = usd("1");
  wallet.day = kToday;
  wallet.day_spent = usd("1");
  Decision decision = decide(&wallet, Deposit{"ann", dec("5"), {}}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(&wallet, decision).day_spent, usd("1"));
}

}  // namespace
}  // namespace ducat::wallet
