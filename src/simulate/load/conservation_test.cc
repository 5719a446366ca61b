#include "simulate/load/conservation.h"

#include <gtest/gtest.h>

namespace ducat::load {
namespace {

class ConservationTest : public testing::Test {
 protected:
  ConservationTest() : books_(3) {
    for (uint32_t i = 0; i < 3; ++i) books_.set_baseline(i, 1000);
    books_.touch(0);
    books_.touch(2);
  }
  Conservation books_;
};

TEST_F(ConservationTest, AsksForTheTouchedWalletsOnly) {
  EXPECT_EQ(books_.touched(), (std::vector<uint32_t>{0, 2}));
}

TEST_F(ConservationTest, HoldsWhenMoneyOnlyMoved) {
  books_.read(0, 400);
  books_.read(2, 1600);
  auto result = books_.check();
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.actual, 2000);
  EXPECT_EQ(result.wallets, 2U);
}

TEST_F(ConservationTest, CountsDepositsAndWithdrawals) {
  books_.moved(500, Outcome::kDone);
  books_.moved(-200, Outcome::kDone);
  books_.moved(9999, Outcome::kRefused);
  books_.read(0, 1300);
  books_.read(2, 1000);
  EXPECT_TRUE(books_.check().ok);
}

TEST_F(ConservationTest, FailsByOneCentInEitherDirection) {
  Conservation more = books_;
  more.read(0, 1001);
  more.read(2, 1000);
  EXPECT_EQ(more.check().problem, "money came from nowhere");
  EXPECT_FALSE(more.check().ok);
  books_.read(0, 999);
  books_.read(2, 1000);
  EXPECT_EQ(books_.check().problem, "money is missing");
}

TEST_F(ConservationTest, UnknownMovementsWidenTheRangeByThemselvesOnly) {
  books_.moved(300, Outcome::kUnknown);
  books_.moved(-100, Outcome::kUnknown);
  for (auto [balance, ok] : {std::pair{1300, true}, {900, true}, {1301, false}, {899, false}}) {
    Conservation books = books_;
    books.read(0, balance);
    books.read(2, 1000);
    EXPECT_EQ(books.check().ok, ok) << balance;
  }
}

TEST_F(ConservationTest, FailsWhenAWalletWasNotRead) {
  books_.read(0, 2000);
  EXPECT_EQ(books_.check().problem, "read 1 of 2 wallets");
}

TEST_F(ConservationTest, FailsWhenABalanceIsNegativeAlthoughTheSumIsRight) {
  books_.read(0, -1);
  books_.read(2, 2001);
  EXPECT_EQ(books_.check().problem, "1 wallets are below zero");
}

TEST_F(ConservationTest, IgnoresBalancesOfOtherWallets) {
  books_.read(0, 1000);
  books_.read(1, 77);
  books_.read(2, 1000);
  EXPECT_TRUE(books_.check().ok);
}

TEST_F(ConservationTest, DoesNotOverflowOnAbsurdBalances) {
  books_.read(0, INT64_MAX);
  books_.read(2, INT64_MAX);
  EXPECT_FALSE(books_.check().ok);
}

}  // namespace
}  // namespace ducat::load
