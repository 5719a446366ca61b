// What becomes of reports, proposals and rollbacks, in whatever order they come.
#include "services/audit/domain/rules.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "services/audit/domain/testing/log_world.h"

namespace ducat::audit::testing {
namespace {

TEST(AuditRules, AProposalBecomesARecordAndIsConfirmed) {
  LogWorld log;
  auto event = log.run("c", Propose{entry_of(Action::kCreate, "c")});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, EventType::kRecordAppended);
  EXPECT_TRUE(event->proposed);
  EXPECT_EQ(event->reply, Reply::kCreated);
  EXPECT_EQ(event->record.sequence, 1u);
  EXPECT_EQ(event->record.previous, Digest{});
  EXPECT_EQ(event->record.created_at.micros % 1000, 0);
  EXPECT_EQ(sequence_of(record_id(1, event->record.created_at)), 1u);
}

TEST(AuditRules, TheSameProposalIsRecordedOnceAndConfirmedAgain) {
  LogWorld log;
  auto first = log.run("c", Propose{entry_of(Action::kCreate, "c")});
  auto second = log.run("c", Propose{entry_of(Action::kCreate, "c")});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->type, EventType::kProposalAnswered);
  EXPECT_EQ(second->reply, Reply::kCreated);
  EXPECT_EQ(second->sequence, 1u);
  EXPECT_EQ(second->created_at, first->record.created_at);
  EXPECT_EQ(log.records.size(), 1u);
}

TEST(AuditRules, AnotherActionOrCorrelationIsAnotherRecord) {
  LogWorld log;
  log.run("c", Propose{entry_of(Action::kCreate, "c")});
  log.run("c", Propose{entry_of(Action::kUpdate, "c")});
  log.run("d", Propose{entry_of(Action::kCreate, "d")});
  EXPECT_EQ(log.records.size(), 3u);
}

TEST(AuditRules, ACallIsAlwaysARecord) {
  LogWorld log;
  log.run("c", Propose{entry_of(Action::kCreate, "c")});
  auto event = log.run("c", Append{entry_of(Action::kCreate, "c")});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->reply, Reply::kNone);
  EXPECT_FALSE(event->proposed);
  EXPECT_EQ(log.records.size(), 2u);
}

TEST(AuditRules, ARollbackIsAFurtherRecordAboutTheSameThing) {
  LogWorld log;
  log.run("c", Propose{entry_of(Action::kCreate, "c")});
  auto event = log.run("c", RollBack{"c", R"({"reason":"timeout"})"});
  ASSERT_TRUE(event);
  const Entry& entry = event->record.entry;
  EXPECT_EQ(entry.action, Action::kRollback);
  EXPECT_EQ(entry.status, RecordStatus::kRolledBack);
  EXPECT_EQ(entry.correlation_id, "c");
  EXPECT_EQ(entry.entity_type, "Transaction");
  EXPECT_EQ(entry.entity_id, "t1");
  EXPECT_EQ(entry.user_id, "u1");
  EXPECT_EQ(entry.metadata, R"({"reason":"timeout"})");
  EXPECT_FALSE(log.run("c", RollBack{"c", {}})) << "once";
  EXPECT_EQ(log.records.size(), 2u);
}

TEST(AuditRules, AProposalAfterItsRollbackIsRecordedAndFails) {
  LogWorld log;
  auto rollback = log.run("c", RollBack{"c", {}});
  ASSERT_TRUE(rollback);
  EXPECT_FALSE(rollback->record.entry.entity_type) << "nothing is known of it yet";
  auto event = log.run("c", Propose{entry_of(Action::kCreate, "c")});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, EventType::kRecordAppended);
  EXPECT_EQ(event->reply, Reply::kFailed);
  EXPECT_EQ(event->error, kRolledBackBefore);
  EXPECT_EQ(event->rolled_back_by, 1u);
  EXPECT_EQ(log.run("c", Append{entry_of(Action::kRead, "c")})->rolled_back_by, 1u) << "calls too";
  auto again = log.run("c", Propose{entry_of(Action::kCreate, "c")});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->type, EventType::kProposalAnswered);
  EXPECT_EQ(again->reply, Reply::kFailed);
  EXPECT_EQ(log.records.size(), 3u);
}

TEST(AuditRules, AMalformedProposalIsAnsweredAndNotRecorded) {
  LogWorld log;
  auto event = log.run("c", RefuseProposal{"c", "action is missing"});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->reply, Reply::kFailed);
  EXPECT_EQ(event->error, "action is missing");
  EXPECT_TRUE(log.records.empty());
  EXPECT_EQ(log.run("c", Propose{entry_of(Action::kCreate, "c")})->reply, Reply::kCreated);
}

TEST(AuditRules, OnlyWhatCountsIsTurnedBack) {
  EXPECT_TRUE(can_be_rolled_back(RecordStatus::kSuccess));
  EXPECT_TRUE(can_be_rolled_back(RecordStatus::kPending));
  EXPECT_FALSE(can_be_rolled_back(RecordStatus::kFailed));
  EXPECT_FALSE(can_be_rolled_back(RecordStatus::kRolledBack));
  Entry failed = entry_of(Action::kRollback, "c");
  failed.status = RecordStatus::kFailed;
  EXPECT_FALSE(rolls_back(failed)) << "a rollback that failed rolls nothing back";
}

TEST(AuditRules, TimesNeverGoBack) {
  LogWorld log;
  log.run("a", Append{entry_of(Action::kLogin, "a")});
  log.now = {1'000'000};
  auto event = log.run("b", Append{entry_of(Action::kLogin, "b")});
  EXPECT_EQ(event->record.created_at, (Timestamp{1'700'000'000'124'000}));
  EXPECT_TRUE(log.violations.empty());
}

TEST(AuditRules, KeepTheInvariantsWhateverComesInWhateverOrder) {
  EXPECT_TRUE(rc::check([](const std::vector<std::tuple<uint8_t, uint8_t, uint8_t>>& raw) {
    LogWorld log;
    size_t proposals = 0;
    for (auto [kind, which, what] : raw) {
      std::string correlation(1, static_cast<char>('a' + which % 4));
      Entry entry = entry_of(static_cast<Action>(1 + what % 7), correlation);
      entry.status = static_cast<RecordStatus>(1 + what / 7 % 4);
      switch (kind % 4) {
        case 0:
          log.run(correlation, Append{entry});
          break;
        case 1:
          log.run(correlation, RollBack{correlation, {}});
          break;
        case 2:
          log.run(correlation, RefuseProposal{correlation, "bad"}), ++proposals;
          break;
        default:
          log.run(correlation, Propose{entry}), ++proposals;
      }
    }
    RC_ASSERT(log.violations == std::vector<std::string>());
    RC_ASSERT(log.answers == proposals);
  }));
}

}  // namespace
}  // namespace ducat::audit::testing
