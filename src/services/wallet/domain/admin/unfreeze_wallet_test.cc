#include "services/wallet/domain/admin/unfreeze_wallet.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

TEST(UnfreezeWallet, AnswersEveryCase) {
  const Wallet active = with_balance("5");
  const Wallet icy = frozen(active);
  const Wallet gone = closed(with_balance("0"));
  EXPECT_EQ(answer_of(decide(&icy, UnfreezeWallet{}, kContext)), "0:WALLET_UNFROZEN");
  EXPECT_EQ(answer_of(decide(&active, UnfreezeWallet{}, kContext)), "") << "done already";
  EXPECT_EQ(answer_of(decide(&gone, UnfreezeWallet{}, kContext)), kClosed);
  EXPECT_EQ(answer_of(decide(nullptr, UnfreezeWallet{}, kContext)), kNotFound);
}

TEST(UnfreezeWallet, ChangesTheStatusAndNothingElse) {
  Wallet wallet = frozen(with_balance("5"));
  Decision decision = decide(&wallet, UnfreezeWallet{"cleared"}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.reason, "cleared");
  EXPECT_EQ(after(&wallet, decision), with_balance("5"));
}

}  // namespace
}  // namespace ducat::wallet
