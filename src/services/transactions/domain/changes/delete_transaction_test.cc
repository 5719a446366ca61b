#include "services/transactions/domain/changes/delete_transaction.h"

#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

TEST(DeleteTransaction, ProposesAVersionThatIsGone) {
  Transaction before = of_ann();
  Timestamp later = kNoon + Duration::seconds(5);
  Decision decision = decide(&before, DeleteTransaction{before.id, {}}, by("ann", later));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->change, Change::kDelete);
  EXPECT_EQ(*decision->before, before);
  EXPECT_EQ(decision->after->deleted_at, later);
  EXPECT_EQ(decision->after->version, 2u);
  EXPECT_EQ(visible_to(decision->after.get(), "ann"), nullptr);
}

TEST(DeleteTransaction, IsRefusedWhereAnUpdateWouldBe) {
  Transaction transaction = of_ann();
  Transaction gone = deleted();
  EXPECT_EQ(said(decide(&transaction, DeleteTransaction{transaction.id, 4}, by("ann"))),
            "409 The transaction has been changed since; its version is 1");
  EXPECT_EQ(said(decide(&transaction, DeleteTransaction{transaction.id, {}}, by("bob"))),
            "404 Transaction not found");
  EXPECT_EQ(said(decide(&gone, DeleteTransaction{gone.id, {}}, by("ann"))), "404 Transaction not found");
  EXPECT_EQ(said(decide(nullptr, DeleteTransaction{gone.id, {}}, by("ann"))), "404 Transaction not found");
}

}  // namespace
}  // namespace ducat::transactions
