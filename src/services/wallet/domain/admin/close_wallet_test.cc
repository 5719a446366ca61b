#include "services/wallet/domain/admin/close_wallet.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

Wallet holding_on_credit() {
  Wallet wallet = with_balance("0");
  wallet.credit_limit = usd("10");
  wallet.held = usd("1");
  wallet.open_holds = 1;
  return wallet;
}

TEST(CloseWallet, AnswersEveryCase) {
  const Wallet empty = with_balance("0");
  const Wallet icy = frozen(empty);
  const Wallet gone = closed(empty);
  const Wallet full = with_balance("0.01");
  const Wallet indebted = with_balance("-5");
  const Wallet holding = holding_on_credit();
  EXPECT_EQ(answer_of(decide(&empty, CloseWallet{}, kContext)), "0:WALLET_CLOSED");
  EXPECT_EQ(answer_of(decide(&icy, CloseWallet{}, kContext)), "0:WALLET_CLOSED");
  EXPECT_EQ(answer_of(decide(&gone, CloseWallet{}, kContext)), kClosed);
  EXPECT_EQ(answer_of(decide(&full, CloseWallet{}, kContext)),
            "409 WalletNotEmptyError: Wallet is not empty: balance=0.01");
  EXPECT_EQ(answer_of(decide(&indebted, CloseWallet{}, kContext)),
            "409 WalletNotEmptyError: Wallet is not empty: balance=-5.00");
  EXPECT_EQ(answer_of(decide(&holding, CloseWallet{}, kContext)),
            "409 WalletNotEmptyError: Wallet is not empty: balance=0.00, holds=1");
  EXPECT_EQ(answer_of(decide(nullptr, CloseWallet{}, kContext)), kNotFound);
}

TEST(CloseWallet, ChangesTheStatusAndNothingElse) {
  Wallet wallet = with_balance("0");
  Decision decision = decide(&wallet, CloseWallet{"moved away"}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.reason, "moved away");
  EXPECT_EQ(after(&wallet, decision), closed(wallet));
}

}  // namespace
}  // namespace ducat::wallet
