#include "sim/scenarios/wallet_book.h"

#include <gtest/gtest.h>

namespace ducat::sim {
namespace {

wallet::Answer answer_with(int64_t balance) {
  wallet::Answer answer;
  answer.wallet.state.balance = balance;
  return answer;
}

TEST(WalletBook, AKeyCountsOnceHoweverOftenItIsAnswered) {
  WalletBook book;
  book.sent("k", {WalletAsk::Kind::kDeposit, "a", "", 100, {}, {}});
  EXPECT_TRUE(book.balances().empty());
  ASSERT_TRUE(book.acknowledged("k", answer_with(100), false));
  ASSERT_TRUE(book.acknowledged("k", answer_with(100), false));
  EXPECT_EQ(book.balances().at("a"), 100);
}

TEST(WalletBook, ASecondAnswerThatDiffersIsABrokenPromise) {
  WalletBook book;
  book.sent("k", {WalletAsk::Kind::kDeposit, "a", "", 100, {}, {}});
  ASSERT_TRUE(book.acknowledged("k", answer_with(100), false));
  EXPECT_EQ(book.acknowledged("k", answer_with(200), false).error().code, Errc::kCorrupt);
}

TEST(WalletBook, ATransferMovesMoneyAndACaptureTakesItOut) {
  WalletBook book;
  book.sent("t", {WalletAsk::Kind::kTransfer, "a", "b", 30, {}, {}});
  book.sent("c", {WalletAsk::Kind::kCaptureHold, "b", "", 10, {}, {}});
  ASSERT_TRUE(book.acknowledged("t", answer_with(0), false));
  ASSERT_TRUE(book.acknowledged("c", answer_with(0), false));
  EXPECT_EQ(book.balances().at("a"), -30);
  EXPECT_EQ(book.balances().at("b"), 20);
}

TEST(WalletBook, TheFingerprintTellsPayloadsApart) {
  WalletAsk ask{WalletAsk::Kind::kTransfer, "a", "b", 30, {}, {}};
  WalletAsk other = ask;
  other.amount = 31;
  EXPECT_EQ(fingerprint_of(ask), fingerprint_of(ask));
  EXPECT_NE(fingerprint_of(ask), fingerprint_of(other));
}

}  // namespace
}  // namespace ducat::sim
