// The promise over the embedded broker: visible changes and audit records of status SUCCESS stand one to one,
// whichever side is away, and after a restart.
#include "tests/integration/two_services.h"

namespace ducat::integration {
namespace {

using kernel::testing::eventually;

class TransactionsAndAudit : public ::testing::Test {
 protected:
  void open(Duration audit_timeout = Duration::seconds(10)) {
    both_.reset();
    both_ = std::make_unique<TwoServices>(backend_, audit_timeout);
  }
  void open_all(Duration audit_timeout = Duration::seconds(10)) {
    open(audit_timeout);
    both_->start_audit_consumer();
    both_->start_transactions_consumer();
  }
  // Stops, and expects journal and tables of transactions to be sound.
  void close_and_verify() {
    both_.reset();
    auto journal = backend_.open("transactions", true);
    auto tables = backend_.open("transactions", false);
    auto report = transactions::verify_journal(*journal, *tables, Duration::seconds(3600));
    ASSERT_DONE(report);
    EXPECT_GT(report->events, 0u);
    for (const std::string& violation : report->violations) ADD_FAILURE() << violation;
  }

  kernel::testing::SqliteBackend backend_;
  std::unique_ptr<TwoServices> both_;
};

TEST_F(TransactionsAndAudit, EveryVisibleVersionHasItsRecordAndEveryRecordItsVersion) {
  open_all();
  std::vector<std::future<ChangeOutcome>> creates;
  for (int i = 1; i <= 50; ++i) creates.push_back(both_->begin(TwoServices::a_create(std::to_string(i))));
  std::vector<transactions::TransactionRef> made;
  for (auto& each : creates) {
    ChangeOutcome outcome = each.get();
    ASSERT_EQ(outcome.result, ChangeResult::kDone);
    made.push_back(outcome.transaction);
  }
  std::vector<std::future<ChangeOutcome>> updates;
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < 10; ++i) {
      updates.push_back(both_->begin(
          transactions::UpdateTransaction{.id = made[i]->id, .amount = transactions::testing::dec("7")}));
    }
  }
  for (auto& each : updates) ASSERT_EQ(each.get().result, ChangeResult::kDone);
  ASSERT_EQ(both_->change(transactions::DeleteTransaction{made[49]->id, {}}).result, ChangeResult::kDone);
  EXPECT_EQ(both_->list().total, 49);
  EXPECT_EQ(both_->records(audit::RecordStatus::kSuccess), 50 + 30 + 1);
  for (const transactions::StoredVersion& version : both_->history(made[0]->id)) {
    auto records = both_->records_of(version.confirmed.correlation);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].effective_status(), audit::RecordStatus::kSuccess);
    EXPECT_EQ(records[0].entity_id, made[0]->id.uuid.to_string());
    EXPECT_EQ(records[0].user_id, "ann");
  }
  EXPECT_EQ(both_->history(made[0]->id).size(), 4u);
  close_and_verify();
}

TEST_F(TransactionsAndAudit, WhileTheAuditIsAwayChangesAreRolledBackAndItsRecordsMarked) {
  open(Duration::millis(200));
  both_->start_transactions_consumer();
  EXPECT_EQ(both_->change(TwoServices::a_create("1")).result, ChangeResult::kNotAudited);
  EXPECT_EQ(both_->change(TwoServices::a_create("2")).result, ChangeResult::kNotAudited);
  EXPECT_EQ(both_->list().total, 0);
  both_->start_audit_consumer();
  ASSERT_TRUE(eventually([&] { return both_->records(audit::RecordStatus::kRolledBack) >= 2; }));
  EXPECT_EQ(both_->records(audit::RecordStatus::kSuccess), 0) << "no record of SUCCESS without its change";
  EXPECT_EQ(both_->list().total, 0);
  close_and_verify();
}

TEST_F(TransactionsAndAudit, AnAnswerThatWaitedForTheRestartMakesTheChangeVisible) {
  open();
  both_->start_audit_consumer();
  std::future<ChangeOutcome> outcome = both_->begin(TwoServices::a_create("1"), "key");
  ASSERT_TRUE(eventually([&] { return both_->records(audit::RecordStatus::kSuccess) == 1; }));
  both_.reset();
  EXPECT_EQ(outcome.get().result, ChangeResult::kUnavailable);
  open();
  EXPECT_EQ(both_->list().total, 0);
  both_->start_transactions_consumer();
  ASSERT_TRUE(eventually([&] { return both_->list().total == 1; }));
  EXPECT_EQ(both_->change(TwoServices::a_create("1"), "key").result, ChangeResult::kReplayed);
  EXPECT_EQ(both_->records(audit::RecordStatus::kSuccess), 1);
  close_and_verify();
}

TEST_F(TransactionsAndAudit, ARestartOfBothLeavesNothingHalfDone) {
  for (int life = 0; life < 4; ++life) {
    open_all(Duration::millis(500));
    std::vector<std::future<ChangeOutcome>> creates;
    for (int i = 1; i <= 40; ++i) creates.push_back(both_->begin(TwoServices::a_create(std::to_string(i))));
    creates[static_cast<size_t>(life) * 9].wait();
    both_.reset();
    for (auto& each : creates) each.wait();
  }
  open_all(Duration::millis(500));
  EXPECT_EQ(both_->change(TwoServices::a_create("1")).result, ChangeResult::kDone);
  ASSERT_TRUE(eventually([&] {
    return both_->list().total == both_->records(audit::RecordStatus::kSuccess);
  })) << both_->list().total
      << " visible, " << both_->records(audit::RecordStatus::kSuccess) << " audited";
  close_and_verify();
}

}  // namespace
}  // namespace ducat::integration
