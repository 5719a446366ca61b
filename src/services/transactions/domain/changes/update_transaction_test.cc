#include "services/transactions/domain/changes/update_transaction.h"

#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

Decision update(const Transaction& transaction, const UpdateTransaction& command) {
  return decide(&transaction, command, by("ann", kNoon + Duration::seconds(60)));
}

TEST(UpdateTransaction, ChangesWhatIsGivenAndNothingElse) {
  Transaction before = of_ann();
  before.description = "old";
  before.metadata = "{}";
  UpdateTransaction command;
  command.amount = dec("7.25");
  command.description = "new";
  Decision decision = update(before, command);
  ASSERT_TRUE(decision);
  Transaction expected = before;
  expected.amount = {725, Currency::kUsd};
  expected.description = "new";
  expected.version = 2;
  expected.updated_at = kNoon + Duration::seconds(60);
  EXPECT_EQ(*decision->after, expected);
  EXPECT_EQ(*decision->before, before);
  EXPECT_EQ(field_names(decision->fields), (std::vector<std::string_view>{"amount", "description"}));
}

TEST(UpdateTransaction, TextsCanBeTakenAway) {
  Transaction before = of_ann();
  before.description = "old";
  before.metadata = "{}";
  UpdateTransaction command;
  command.description.emplace();
  Decision decision = update(before, command);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after->description, std::nullopt);
  EXPECT_EQ(decision->after->metadata, "{}");
  EXPECT_EQ(field_names(decision->fields), (std::vector<std::string_view>{"description"}));
}

TEST(UpdateTransaction, AnAmountMustFitTheCurrencyItEndsUpIn) {
  UpdateTransaction to_yen{.currency = currency("JPY")};
  EXPECT_EQ(said(update(of_ann(), to_yen)),
            "400 amount must be a number conforming to the specified constraints");
  to_yen.amount = dec("100");
  Decision decision = update(of_ann(), to_yen);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->after->amount, (Money{100, Currency::kJpy}));
  UpdateTransaction to_euro{.currency = Currency::kEur};
  EXPECT_EQ(update(of_ann(), to_euro)->after->amount, (Money{10'050, Currency::kEur}));
}

TEST(UpdateTransaction, StatusMovesAreThoseOfTheContract) {
  using enum TransactionStatus;
  const TransactionStatus all[] = {kPending, kProcessing, kCompleted, kFailed, kCancelled, kRolledBack};
  std::string allowed;
  for (TransactionStatus from : all) {
    for (TransactionStatus to : all) {
      Decision decision = update(with_status(from), UpdateTransaction{.status = to});
      if (decision && from != to) allowed.append(to_string(from)).append(1, '>').append(to_string(to)) += ' ';
      EXPECT_TRUE(from != to || decision) << "the status it has is allowed";
      EXPECT_TRUE(decision || decision.error().kind == RefusalKind::kStatusMove);
    }
  }
  EXPECT_EQ(allowed,
            "PENDING>PROCESSING PENDING>COMPLETED PENDING>FAILED PENDING>CANCELLED "
            "PROCESSING>COMPLETED PROCESSING>FAILED ");
  EXPECT_EQ(said(update(with_status(kCompleted), UpdateTransaction{.status = kPending})),
            "422 Cannot change status from COMPLETED to PENDING");
}

TEST(UpdateTransaction, RefusesAVersionThatIsNotTheNewest) {
  UpdateTransaction command{.description = "x", .expected_version = 1};
  EXPECT_EQ(said(update(of_ann(), command)), "proposed");
  Transaction newer = of_ann();
  newer.version = 3;
  EXPECT_EQ(said(update(newer, command)), "409 The transaction has been changed since; its version is 3");
}

TEST(UpdateTransaction, DoesNotFindWhatTheCallerMayNotSee) {
  UpdateTransaction command{.description = "x"};
  Transaction transaction = of_ann();
  EXPECT_EQ(said(decide(&transaction, command, by("bob"))), "404 Transaction not found");
  EXPECT_EQ(said(decide(nullptr, command, by("ann"))), "404 Transaction not found");
  Transaction gone = deleted();
  EXPECT_EQ(said(decide(&gone, command, by("ann"))), "404 Transaction not found");
}

}  // namespace
}  // namespace ducat::transactions
