#include "services/transactions/domain/changes/restore_transaction.h"

#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

std::string restore(const Transaction* transaction, std::string_view user, Timestamp now) {
  return said(decide(transaction, RestoreTransaction{}, by(user, now)));
}

TEST(RestoreTransaction, TakesADeleteBack) {
  Transaction gone = deleted();
  Decision decision = decide(&gone, RestoreTransaction{gone.id}, by("ann", kNoon + kDay));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->change, Change::kRestore);
  EXPECT_EQ(action_of(decision->change), "UPDATE");
  EXPECT_EQ(field_names(decision->fields), std::vector<std::string_view>{"deletedAt"});
  EXPECT_FALSE(decision->after->deleted_at);
  EXPECT_EQ(decision->after->version, 2u);
}

TEST(RestoreTransaction, WorksWithinTheRetentionOnly) {
  Transaction gone = deleted();
  Timestamp end = kNoon + Duration{30 * kDay.micros};
  EXPECT_EQ(restore(&gone, "ann", end - Duration{1}), "proposed");
  EXPECT_EQ(restore(&gone, "ann", end), "404 Transaction not found");
}

TEST(RestoreTransaction, IsForTheOwnerOfADeletedOne) {
  Transaction gone = deleted();
  Transaction there = of_ann();
  EXPECT_EQ(restore(&gone, "bob", kNoon), "404 Transaction not found");
  EXPECT_EQ(restore(nullptr, "ann", kNoon), "404 Transaction not found");
  EXPECT_EQ(restore(&there, "ann", kNoon), "409 The transaction is not deleted");
}

}  // namespace
}  // namespace ducat::transactions
