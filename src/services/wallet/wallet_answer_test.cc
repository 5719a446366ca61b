// The stored form of an answer, beside what wallet_contract.h asks of every kind of command.
#include <gtest/gtest.h>

#include "services/wallet/domain/testing/given.h"
#include "services/wallet/wallet_model.h"

namespace ducat::wallet::testing {

// Answers with each combination of what may be there or not.
std::vector<WalletOperation> answers() {
  std::vector<WalletOperation> all;
  for (unsigned bits = 0; bits < 32; ++bits) {
    WalletOperation operation;
    Answer& answer = operation.answer;
    answer.exists = (bits & 1) != 0;
    Wallet& state = answer.wallet.state;
    state.balance = bits % 2 == 0 ? INT64_MAX : -12'345;
    state.held = 77;
    state.credit_limit = 1'000'000;
    state.currency = bits % 3 == 0 ? Currency::kBch : Currency::kUsd;
    state.status = static_cast<WalletStatus>(bits % 3);
    if (bits & 2) state.daily_limit = 0;
    if (bits & 4) {
      answer.hold_id = {uuid(5)};
      answer.hold.amount = 60;
      answer.hold.captured = 20;
      answer.hold.state = static_cast<HoldState>(bits % 4);
      answer.hold.created_at = kNoon;
      if (bits & 8) answer.hold.expires_at = kNoon + kOneDay;
    }
    if (bits & 16) answer.saga = {uuid(6)};
    all.push_back(std::move(operation));
  }
  return all;
}

class StoredAnswer : public ::testing::Test {
 protected:
  std::string encoded(const WalletOperation& operation) const {
    std::string out;
    model_.encode_answer(operation, out);
    return out;
  }
  WalletModel model_{{0, 10}};
};

TEST_F(StoredAnswer, ComesBackAsItWent) {
  for (const WalletOperation& operation : answers()) {
    WalletOperation read;
    ASSERT_TRUE(model_.decode_answer(encoded(operation), read));
    EXPECT_EQ(read.answer.exists, operation.answer.exists);
    EXPECT_EQ(read.answer.wallet.state, operation.answer.wallet.state);
    EXPECT_EQ(read.answer.hold_id, operation.answer.hold_id);
    EXPECT_EQ(read.answer.hold, operation.answer.hold);
    EXPECT_EQ(read.answer.saga, operation.answer.saga);
  }
}

TEST_F(StoredAnswer, LeavesNothingOfWhatTheOperationHeldBefore) {
  WalletOperation full = answers().back();
  WalletOperation empty;
  ASSERT_TRUE(model_.decode_answer(encoded(empty), full));
  EXPECT_TRUE(full.answer.hold_id.none());
  EXPECT_TRUE(full.answer.saga.none());
  EXPECT_EQ(full.answer.wallet.state, Wallet{});
}

TEST_F(StoredAnswer, CutAnywhereOrTooLongItIsCorrupt) {
  for (const WalletOperation& operation : answers()) {
    const std::string bytes = encoded(operation);
    WalletOperation read;
    for (size_t size = 0; size < bytes.size(); ++size) {
      Status status = model_.decode_answer(bytes.substr(0, size), read);
      ASSERT_FALSE(status) << size;
      EXPECT_EQ(status.error().code, Errc::kCorrupt);
    }
    EXPECT_FALSE(model_.decode_answer(bytes + "x", read));
  }
}

TEST_F(StoredAnswer, OfAnUnknownVersionItIsCorrupt) {
  std::string bytes = encoded(WalletOperation());
  bytes[0] = 2;
  WalletOperation read;
  EXPECT_FALSE(model_.decode_answer(bytes, read));
}

TEST(LocatedIds, TellTheirShardAndPosition) {
  for (uint32_t shard : {0u, 1u, 63u, 255u}) {
    for (Position position : {Position{1}, Position{12'345'678}, (Position{1} << kPositionBits) - 1}) {
      Uuid id = make_located_id(kNoon, shard, position);
      EXPECT_EQ(shard_of_id(id), shard);
      EXPECT_EQ(position_of_id(id), position);
    }
  }
}

}  // namespace ducat::wallet::testing
