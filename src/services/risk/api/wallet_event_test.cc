#include "services/risk/api/wallet_event.h"

#include <gtest/gtest.h>

namespace ducat::risk {
namespace {

std::optional<WalletMovement> read(std::string_view data) {
  auto movement = read_wallet_event(data);
  EXPECT_TRUE(movement) << movement.error().message;
  return movement ? *movement : std::nullopt;
}

TEST(WalletEvent, IsReadExactly) {
  auto withdrawal = read(
      R"({"eventType":"FUNDS_WITHDRAWN","walletId":"ann","amount":12345678901234.56 ,)"
      R"("currency":"USD","metadata":{"requestId":"r"},"timestamp":"2026-01-02T03:04:05.678Z","new":[1]})");
  ASSERT_TRUE(withdrawal);
  EXPECT_EQ(withdrawal->wallet_id, "ann");
  EXPECT_EQ(withdrawal->kind, MovementKind::kWithdrawal);
  EXPECT_EQ(withdrawal->amount, (Money{1'234'567'890'123'456, Currency::kUsd}));
  EXPECT_EQ(to_iso8601(withdrawal->at), "2026-01-02T03:04:05.678Z");
}

TEST(WalletEvent, OfATransferIsItsSendersOnly) {
  auto sent = read(R"({"eventType":"FUNDS_WITHDRAWN","walletId":"ann","amount":5,"currency":"USD",)"
                   R"("metadata":{"sagaId":"s","transferTo":"bob"},"timestamp":"2026-01-02T03:04:05Z"})");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->kind, MovementKind::kTransfer);
  EXPECT_EQ(sent->receiver, "bob");
  EXPECT_FALSE(read(R"({"eventType":"FUNDS_DEPOSITED","walletId":"bob","amount":5,"currency":"USD",)"
                    R"("metadata":{"sagaId":"s","transferFrom":"ann"},"timestamp":"2026-01-02T03:04:05Z"})"));
}

TEST(WalletEvent, OfAnotherTypeIsNoMovement) {
  EXPECT_FALSE(read(R"({"eventType":"WALLET_FROZEN","walletId":"ann","amount":null,"metadata":null,)"
                    R"("timestamp":"2026-01-02T03:04:05Z"})"));
}

TEST(WalletEvent, ThatCannotBeReadSaysWhy) {
  for (
      std::string_view broken :
      {"", "[]", "{", R"({"eventType":7})",
       R"({"eventType":"FUNDS_DEPOSITED","amount":5,"currency":"USD","timestamp":"2026-01-02T03:04:05Z"})",
       R"({"eventType":"FUNDS_DEPOSITED","walletId":"ann","amount":5,"currency":"XXX","timestamp":"2026-01-02T03:04:05Z"})",
       R"({"eventType":"FUNDS_DEPOSITED","walletId":"ann","amount":5,"currency":"USD","timestamp":"yesterday"})",
       R"({"eventType":"FUNDS_DEPOSITED","walletId":"ann","amount":-5,"currency":"USD","timestamp":"2026-01-02T03:04:05Z"})",
       R"({"eventType":"FUNDS_DEPOSITED","walletId":"ann","amount":0.001,"currency":"USD","timestamp":"2026-01-02T03:04:05Z"})",
       R"({"eventType":"FUNDS_DEPOSITED","walletId":"ann","currency":"USD","timestamp":"2026-01-02T03:04:05Z"})"}) {
    auto movement = read_wallet_event(broken);
    ASSERT_FALSE(movement) << broken;
    EXPECT_EQ(movement.error().code, Errc::kInvalid);
  }
}

}  // namespace
}  // namespace ducat::risk
