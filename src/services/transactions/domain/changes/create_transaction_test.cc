#include "services/transactions/domain/changes/create_transaction.h"

#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

Decision create(std::string_view amount, std::string_view code) {
  return decide(CreateTransaction{dec(amount), currency(code), {}, {}}, by("ann"));
}

TEST(CreateTransaction, ProposesAPendingFirstVersion) {
  Context context = by("ann");
  context.requester.idempotency_key = "k";
  context.requester.fingerprint = 5;
  Decision decision = decide(CreateTransaction{dec("100.5"), Currency::kUsd, "rent", R"({"a": 1})"}, context);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->change, Change::kCreate);
  EXPECT_EQ(decision->before, nullptr);
  EXPECT_EQ(decision->correlation, CorrelationId{uuid(7)});
  EXPECT_EQ(decision->deadline, kNoon + Duration::seconds(10));
  EXPECT_EQ(decision->idempotency_key, "k");
  EXPECT_EQ(decision->fingerprint, 5u);
  EXPECT_EQ(decision->ip_address, "127.0.0.1");
  const Transaction& after = *decision->after;
  EXPECT_EQ(after.id, TransactionId{uuid(9)});
  EXPECT_EQ(after.user_id, "ann");
  EXPECT_EQ(after.amount, (Money{10'050, Currency::kUsd}));
  EXPECT_EQ(after.status, TransactionStatus::kPending);
  EXPECT_EQ(after.description, "rent");
  EXPECT_EQ(after.metadata, R"({"a": 1})");
  EXPECT_EQ(after.version, 1u);
  EXPECT_EQ(after.created_at, kNoon);
  EXPECT_EQ(after.updated_at, kNoon);
  EXPECT_FALSE(after.deleted_at);
}

TEST(CreateTransaction, TakesAmountsThatTheCurrencyHas) {
  EXPECT_EQ(said(create("0.01", "USD")), "proposed");
  EXPECT_EQ(said(create("1", "JPY")), "proposed");
  EXPECT_EQ(said(create("999999999999999", "JPY")), "proposed");
  const std::string imprecise = "400 amount must be a number conforming to the specified constraints";
  EXPECT_EQ(said(create("0.001", "USD")), imprecise);
  EXPECT_EQ(said(create("0.5", "JPY")), imprecise);
  EXPECT_EQ(said(create("0", "USD")), "400 amount must not be less than 0.01");
  EXPECT_EQ(said(create("-1", "USD")), "400 amount must not be less than 0.01");
}

}  // namespace
}  // namespace ducat::transactions
