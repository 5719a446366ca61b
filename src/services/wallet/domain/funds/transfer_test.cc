#include "services/wallet/domain/funds/transfer.h"

#include "services/wallet/domain/ledger.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> from;
  std::optional<Wallet> to;
  const char* amount;
  std::string_view then;
};

constexpr std::string_view kDone = "0:FUNDS_WITHDRAWN 1:FUNDS_DEPOSITED";

Wallet euros() {
  return {.balance = 100, .currency = Currency::kEur};
}

Wallet limited() {
  Wallet wallet = with_balance("100");
  wallet.daily_limit = usd("20");
  return wallet;
}

Wallet full() {
  return {.balance = kMaxMinor, .currency = Currency::kUsd};
}

TEST(Transfer, AnswersEveryCase) {
  const Wallet ann = with_balance("100");
  const Wallet bob = with_balance("5");
  const Case cases[] = {
      {"between two wallets", ann, bob, "30", kDone},
      {"all", ann, bob, "100", kDone},
      {"to nobody", ann, {}, "30", "0:FUNDS_WITHDRAWN 1:WALLET_CREATED 1:FUNDS_DEPOSITED"},
      {"nothing", ann, bob, "0", kNotPositive},
      {"half a cent", ann, bob, "0.005", kTooPrecise},
      {"from nobody", {}, bob, "30", kNotFound},
      {"from nobody, nothing", {}, bob, "0", kNotPositive},
      {"too much", ann, bob, "100.01",
       "422 InsufficientFundsError: Insufficient funds: balance=100.00, requested=100.01"},
      {"too much for the day", limited(), bob, "20.01",
       "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=20.01, daily limit=20.00"},
      {"to another currency", ann, euros(), "1",
       "422 CurrencyMismatchError: Currency mismatch: wallet=EUR, requested=USD"},
      {"to another currency, frozen", frozen(ann), euros(), "1",
       "422 CurrencyMismatchError: Currency mismatch: wallet=EUR, requested=USD"},
      {"from a frozen wallet", frozen(ann), bob, "1", kFrozen},
      {"to a frozen wallet", ann, frozen(bob), "1", kFrozen},
      {"from a closed to a frozen one", closed(with_balance("0")), frozen(bob), "1", kClosed},
      {"to a closed wallet, too much", ann, closed(with_balance("0")), "1000", kClosed},
      {"to a full wallet", ann, full(), "0.01",
       "422 BalanceLimitError: Balance limit exceeded: balance=9999999999999999.99, requested=0.01"},
  };
  for (const Case& c : cases) {
    Decision decision = decide(c.from ? &*c.from : nullptr, c.to ? &*c.to : nullptr,
                               Transfer{"ann", "bob", dec(c.amount)}, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(Transfer, ToItselfIsRefusedWhoeverItIs) {
  Wallet ann = with_balance("100");
  const std::string_view refused = "400 SameWalletError: Cannot transfer to the same wallet";
  EXPECT_EQ(answer_of(decide(&ann, &ann, Transfer{"ann", "ann", dec("1")}, kContext)), refused);
  EXPECT_EQ(answer_of(decide(nullptr, nullptr, Transfer{"ann", "ann", dec("1")}, kContext)), refused);
}

TEST(Transfer, BothSidesNameEachOtherAndTheSaga) {
  Wallet ann = with_balance("100");
  Wallet bob = with_balance("5");
  Decision decision = decide(&ann, &bob, Transfer{"ann", "bob", dec("30")}, kContext);
  ASSERT_TRUE(decision);
  const Event& sent = (*decision)[0].event;
  const Event& received = (*decision)[1].event;
  EXPECT_EQ(sent.counterparty, "bob");
  EXPECT_EQ(received.counterparty, "ann");
  EXPECT_EQ(sent.saga.uuid, kContext.new_id);
  EXPECT_EQ(received.saga.uuid, kContext.new_id);
  EXPECT_TRUE(sent.hold.none());
  EXPECT_EQ(sent.request_id, "req-1");
  EXPECT_EQ(received.request_id, "req-1");
  EXPECT_EQ(after(&ann, decision, 0).balance, usd("70"));
  EXPECT_EQ(after(&bob, decision, 1).balance, usd("35"));
}

TEST(Transfer, MakesTheReceiverInTheSendersCurrency) {
  Wallet ann = euros();
  Decision decision = decide(&ann, nullptr, Transfer{"ann", "bob", dec("1")}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[1].event.wallet_id, "bob");
  EXPECT_EQ(after(nullptr, decision, 1), (Wallet{.balance = 100, .currency = Currency::kEur}));
}

TEST(Transfer, CountsOnTheSendersDayOnly) {
  Wallet ann = limited();
  Wallet bob = limited();
  Decision decision = decide(&ann, &bob, Transfer{"ann", "bob", dec("20")}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ(after(&ann, decision, 0).day_spent, usd("20"));
  EXPECT_EQ(after(&bob, decision, 1).day_spent, 0);
}

TEST(Transfer, LegsCancelInTransit) {
  Wallet ann = with_balance("100");
  Decision decision = decide(&ann, nullptr, Transfer{"ann", "bob", dec("30")}, kContext);
  ASSERT_TRUE(decision);
  int64_t transit = 0;
  for (const PartyEvent& each : *decision) {
    auto movement = legs(each.event);
    if (!movement) continue;
    EXPECT_EQ(movement->contra.account, AccountKind::kTransit);
    transit += movement->contra.amount;
  }
  EXPECT_EQ(transit, 0);
}

}  // namespace
}  // namespace ducat::wallet
