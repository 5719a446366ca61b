#include "services/wallet/domain/funds/credit_transfer.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> to;
  std::string_view then;
};

constexpr CreditTransfer kCredit{
    .saga = {}, .from_id = "ann", .to_id = "bob", .amount = {3000, Currency::kUsd}};

TEST(CreditTransfer, AnswersEveryCase) {
  const Wallet bob = with_balance("5");
  const Case cases[] = {
      {"to a wallet", bob, "0:FUNDS_DEPOSITED"},
      {"to nobody", {}, "0:WALLET_CREATED 0:FUNDS_DEPOSITED"},
      {"to a frozen wallet", frozen(bob), kFrozen},
      {"to a closed wallet", closed(with_balance("0")), kClosed},
      {"to another currency", Wallet{.currency = Currency::kJpy},
       "422 CurrencyMismatchError: Currency mismatch: wallet=JPY, requested=USD"},
      {"to a full wallet", Wallet{.balance = kMaxMinor, .currency = Currency::kUsd},
       "422 BalanceLimitError: Balance limit exceeded: balance=9999999999999999.99, requested=30.00"},
  };
  for (const Case& c : cases) {
    Decision decision = decide(c.to ? &*c.to : nullptr, kCredit, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
    EXPECT_TRUE(decision || decision.error().party == 1) << c.when;
  }
}

TEST(CreditTransfer, GivesTheMoneyInTheTransfersName) {
  CreditTransfer command = kCredit;
  command.saga = {uuid(3)};
  Decision decision = decide(nullptr, command, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.wallet_id, "bob");
  const Event& deposited = (*decision)[1].event;
  EXPECT_EQ(deposited.saga.uuid, uuid(3));
  EXPECT_EQ(deposited.counterparty, "ann");
  EXPECT_EQ(after(nullptr, decision), with_balance("30"));
}

}  // namespace
}  // namespace ducat::wallet
