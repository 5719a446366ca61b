#include "services/wallet/domain/admin/freeze_wallet.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

TEST(FreezeWallet, AnswersEveryCase) {
  const Wallet active = with_balance("5");
  const Wallet icy = frozen(active);
  const Wallet gone = closed(with_balance("0"));
  EXPECT_EQ(answer_of(decide(&active, FreezeWallet{}, kContext)), "0:WALLET_FROZEN");
  EXPECT_EQ(answer_of(decide(&icy, FreezeWallet{}, kContext)), "") << "done already";
  EXPECT_EQ(answer_of(decide(&gone, FreezeWallet{}, kContext)), kClosed);
  EXPECT_EQ(answer_of(decide(nullptr, FreezeWallet{}, kContext)), kNotFound);
}

TEST(FreezeWallet, ChangesTheStatusAndNothingElse) {
  Wallet wallet = with_balance("5");
  Decision decision = decide(&wallet, FreezeWallet{"suspicious"}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.reason, "suspicious");
  EXPECT_EQ(after(&wallet, decision), frozen(wallet));
}

}  // namespace
}  // namespace ducat::wallet
