// What the audit log's service promises, on either database.
#pragma once

#include <gmock/gmock.h>

#include "base/fault_point.h"
#include "kernel/projection/projector.h"
#include "services/audit/testing/audit_server.h"

namespace ducat::audit::testing {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditContract : public OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (backend_ != nullptr) open();
  }
  void open() {
    server_.reset();
    server_ = std::make_unique<AuditServer>(*backend_, clock_);
    ASSERT_DONE(server_->started());
  }
  void stop_and_verify() {
    server_.reset();
    VerifyReport report = verify(*backend_);
    EXPECT_THAT(report.violations, IsEmpty());
    EXPECT_GT(report.records, 0u) << "something was verified";
  }
  static Uuid id_of(const Appended& appended) { return record_id(appended.sequence, appended.created_at); }
  static std::vector<uint64_t> sequences(const std::vector<StoredRecord>& records) {
    std::vector<uint64_t> all;
    for (const StoredRecord& record : records) all.push_back(record.sequence);
    return all;
  }
  std::vector<uint64_t> listed(ListFilter filter) {
    return sequences(server_->list(std::move(filter)).records);
  }

  TestClock clock_;
  std::unique_ptr<AuditServer> server_;
};

TEST_P(AuditContract, AppendsRecordsThatCanBeReadAtOnce) {
  Entry entry = login();
  entry.metadata = R"({"how":"password"})";
  AppendOutcome first = server_->append(entry);
  ASSERT_EQ(first.verdict, Verdict::kAccepted);
  AppendOutcome second = server_->append(login("u2"));
  EXPECT_EQ(first.appended.sequence, 1u);
  EXPECT_EQ(second.appended.sequence, 2u);
  EXPECT_EQ(second.appended.previous, first.appended.hash);
  auto found = server_->find(id_of(first.appended));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record().entry, entry);
  EXPECT_EQ(found->hash, first.appended.hash);
  EXPECT_EQ(found->created_at.micros % 1000, 0);
  EXPECT_FALSE(server_->find(record_id(1, {5})));
  EXPECT_FALSE(server_->find(record_id(9, {5})));
  EXPECT_TRUE(server_->answers().empty()) << "nobody waits for a message";
  stop_and_verify();
}

TEST_P(AuditContract, ARepeatWithItsKeyGetsTheSameRecord) {
  AppendOutcome first = server_->append(login(), "key", 7);
  AppendOutcome again = server_->append(login(), "key", 7);
  EXPECT_EQ(again.verdict, Verdict::kReplayed);
  EXPECT_EQ(again.appended.hash, first.appended.hash);
  EXPECT_EQ(again.appended.created_at, first.appended.created_at);
  EXPECT_EQ(server_->append(login(), "key", 8).verdict, Verdict::kKeyReused);
  open();
  EXPECT_EQ(server_->append(login(), "key", 7).appended.hash, first.appended.hash);
  EXPECT_EQ(server_->head().size, 1u);
  stop_and_verify();
}

TEST_P(AuditContract, AProposalIsRecordedAndAnswered) {
  ASSERT_DONE(server_->create("c1", "m1"));
  auto records = server_->of_correlation("c1");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].entity_id, "t-c1");
  EXPECT_EQ(records[0].metadata, R"({"amount":100.50,"currency":"USD"})")
      << "digits stay, white space does not";
  EXPECT_EQ(records[0].user_agent, R"(ua "x")");
  auto messages = server_->messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].stream, "AUDIT_LOGS");
  EXPECT_EQ(messages[0].type, "audit.log.created");
  EXPECT_EQ(messages[0].key, "c1");
  std::string id = record_id(records[0].sequence, records[0].created_at).to_string();
  EXPECT_THAT(messages[0].body,
              HasSubstr(R"("data":{"correlationId":"c1","auditLogId":")" + id + R"(","success":true})"));
  EXPECT_EQ(server_->messages()[0].id, messages[0].id) << "the same whenever it is sent again";
  stop_and_verify();
}

TEST_P(AuditContract, AMessageThatComesTwiceChangesNothing) {
  ASSERT_DONE(server_->create("c1", "m1"));
  ASSERT_DONE(server_->create("c1", "m1"));
  open();
  ASSERT_DONE(server_->create("c1", "m1"));
  EXPECT_EQ(server_->head().size, 1u);
  EXPECT_THAT(server_->answers(), ElementsAre("audit.log.created c1"));
  stop_and_verify();
}

TEST_P(AuditContract, AProposalUnderASecondMessageIsRecordedOnceAndAnsweredAgain) {
  ASSERT_DONE(server_->create("c1", "m1"));
  ASSERT_DONE(server_->create("c1", "m2"));
  server_->list();
  open();
  ASSERT_DONE(server_->create("c1", "m3"));
  EXPECT_EQ(server_->head().size, 1u);
  EXPECT_THAT(server_->answers(),
              ElementsAre("audit.log.created c1", "audit.log.created c1", "audit.log.created c1"));
  ASSERT_DONE(server_->create("c1", "m4", "UPDATE"));
  EXPECT_EQ(server_->head().size, 2u) << "another action is another record";
  stop_and_verify();
}

TEST_P(AuditContract, ARollbackMarksWhatWasRecordedBefore) {
  ASSERT_DONE(server_->create("c1", "m1"));
  server_->list();  // the tables have it
  ASSERT_DONE(server_->roll_back("c1", "m2"));
  auto records = server_->of_correlation("c1");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].effective_status(), RecordStatus::kRolledBack);
  EXPECT_EQ(records[0].recorded, RecordStatus::kSuccess);
  EXPECT_EQ(records[0].rolled_back_by, 2u);
  EXPECT_EQ(records[1].action, Action::kRollback);
  EXPECT_EQ(records[1].recorded, RecordStatus::kRolledBack);
  EXPECT_EQ(records[1].entity_id, "t-c1") << "about the same entity";
  EXPECT_EQ(records[1].metadata, R"({"reason":"timed out"})");
  ASSERT_DONE(server_->roll_back("c1", "m3"));
  EXPECT_EQ(server_->head().size, 2u) << "once";
  stop_and_verify();
}

TEST_P(AuditContract, AProposalAfterItsRollbackIsRecordedMarkedAndFails) {
  ASSERT_DONE(server_->roll_back("c1", "m1"));
  server_->list();
  open();  // what it remembers is in the tables, or in the journal
  ASSERT_DONE(server_->create("c1", "m2"));
  auto records = server_->of_correlation("c1");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].effective_status(), RecordStatus::kRolledBack);
  EXPECT_EQ(records[1].rolled_back_by, 1u);
  EXPECT_THAT(server_->answers(), ElementsAre("audit.log.failed c1"));
  ASSERT_DONE(server_->create("c1", "m3"));
  EXPECT_THAT(server_->answers(), ElementsAre("audit.log.failed c1", "audit.log.failed c1"));
  stop_and_verify();
}

TEST_P(AuditContract, WhatIsNotWellFormedIsAnsweredAsFailed) {
  ASSERT_DONE(
      server_->take(message_of("audit.log.create", "m1", R"({"correlationId":"c1","entityType":"T"})")));
  ASSERT_DONE(server_->take(
      message_of("audit.log.create", "m2", R"({"correlationId":"c2","action":"EAT","entityType":"T"})")));
  ASSERT_DONE(
      server_->take(message_of("audit.log.create", "m3",
                               R"({"correlationId":"c3","action":"READ","entityType":"T","metadata":[1]})")));
  EXPECT_THAT(server_->answers(),
              ElementsAre("audit.log.failed c1", "audit.log.failed c2", "audit.log.failed c3"));
  EXPECT_THAT(server_->messages()[0].body,
              HasSubstr(R"("data":{"correlationId":"c1","error":"action is missing","success":false})"));
  EXPECT_EQ(server_->head().size, 0u);
  EXPECT_FAILS(server_->take(message_of("audit.log.create", "m4", R"({"action":"READ"})")), Errc::kInvalid);
  EXPECT_FAILS(server_->take(message_of("audit.log.create", "m5", "{")), Errc::kInvalid);
  EXPECT_FAILS(server_->take(message_of("audit.log.other", "m6", create_data("c"))), Errc::kInvalid);
}

TEST_P(AuditContract, AnswersCarryTheTraceOfWhoAsked) {
  ASSERT_DONE(server_->create("c1", "m1"));
  ASSERT_DONE(server_->create("c1", "m2"));  // answered again
  ASSERT_DONE(server_->take(message_of("audit.log.create", "m3", R"({"correlationId":"c3"})")));
  auto messages = server_->messages();
  ASSERT_EQ(messages.size(), 3u);
  for (const broker::Message& message : messages) {
    EXPECT_THAT(message.body, HasSubstr("\"traceparent\":\"" + std::string(kTrace) + "\"")) << message.type;
  }
  stop_and_verify();
}

// A row that no database takes would keep all later ones out of the tables.
TEST_P(AuditContract, WhatNoTableCouldHoldIsNotRecorded) {
  std::string data = R"({"action":"READ","entityType":"T","correlationId":"c1","userAgent":"a\u0000b"})";
  ASSERT_DONE(server_->take(message_of("audit.log.create", "m1", data)));
  data = R"({"action":"READ","entityType":"T","correlationId":"c2","entityId":")" + std::string(3'000, 'x') +
         "\"}";
  ASSERT_DONE(server_->take(message_of("audit.log.create", "m2", data)));
  EXPECT_THAT(server_->answers(), ElementsAre("audit.log.failed c1", "audit.log.failed c2"));
  ASSERT_DONE(
      server_->take(message_of("audit.log.rollback", "m3", R"({"correlationId":"c3","reason":"\u0000"})")));
  data = R"({"action":"READ","entityType":"T","correlationId":"c4","metadata":{"text":"a\u0000b"}})";
  ASSERT_DONE(server_->take(message_of("audit.log.create", "m4", data)));
  EXPECT_EQ(server_->of_correlation("c4").at(0).metadata, R"({"text":"a\u0000b"})");
  EXPECT_EQ(server_->list().total, 2);
  stop_and_verify();
}

TEST_P(AuditContract, ListsByEveryFilterAndOrder) {
  for (int i = 0; i < 3; ++i) server_->append(login("u" + std::to_string(i)));  // 1 2 3
  ASSERT_DONE(server_->create("c1", "m1"));                                     // 4
  ASSERT_DONE(server_->create("c2", "m2", "UPDATE"));                           // 5
  ASSERT_DONE(server_->roll_back("c1", "m3"));                                  // 6
  Entry failed = login("u1");
  failed.status = RecordStatus::kFailed;
  server_->append(failed);  // 7
  using Found = std::vector<uint64_t>;
  EXPECT_EQ(listed({}), Found({7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(listed({.ascending = true, .offset = 2, .limit = 3}), Found({3, 4, 5}));
  EXPECT_EQ(listed({.offset = 5, .limit = 5}), Found({2, 1}));
  EXPECT_EQ(listed({.offset = 50}), Found());
  EXPECT_EQ(listed({.action = Action::kLogin}), Found({7, 3, 2, 1}));
  EXPECT_EQ(listed({.action = Action::kLogin, .user_id = "u1"}), Found({7, 2}));
  EXPECT_EQ(listed({.entity_type = "Transaction"}), Found({6, 5, 4}));
  EXPECT_EQ(listed({.entity_id = "t-c2"}), Found({5}));
  EXPECT_EQ(listed({.entity_type = "User", .entity_id = "t-c2"}), Found());
  EXPECT_EQ(listed({.correlation_id = "c1"}), Found({6, 4}));
  EXPECT_EQ(listed({.service_name = "identity"}), Found({7, 3, 2, 1}));
  EXPECT_EQ(listed({.status = RecordStatus::kRolledBack}), Found({6, 4}));
  EXPECT_EQ(listed({.status = RecordStatus::kSuccess}), Found({5, 3, 2, 1}));
  EXPECT_EQ(listed({.status = RecordStatus::kFailed}), Found({7}));
  EXPECT_EQ(listed({.status = RecordStatus::kRolledBack, .user_id = "u1"}), Found({6, 4}));
  EXPECT_EQ(listed({.sort_by = SortBy::kAction, .ascending = true}), Found({4, 1, 2, 3, 7, 6, 5}));
  EXPECT_EQ(listed({.sort_by = SortBy::kEntityType, .ascending = true}), Found({4, 5, 6, 1, 2, 3, 7}));
  EXPECT_EQ(server_->list({.action = Action::kLogin, .limit = 2}).total, 4);
  EXPECT_EQ(server_->list({.limit = 2}).total, 7);
  EXPECT_EQ(sequences(server_->of_entity("User", "u1")), Found({7, 2}));
  EXPECT_EQ(sequences(server_->of_correlation("nobody")), Found());
}

TEST_P(AuditContract, TimesAreInclusive) {
  std::vector<Timestamp> times;
  for (int i = 0; i < 5; ++i) times.push_back(server_->append(login()).appended.created_at);
  using Found = std::vector<uint64_t>;
  EXPECT_EQ(listed({.from = times[1], .to = times[3]}), Found({4, 3, 2}));
  EXPECT_EQ(listed({.from = times[4]}), Found({5}));
  EXPECT_EQ(listed({.to = times[0]}), Found({1}));
  EXPECT_EQ(listed({.from = times[4] + Duration::millis(1)}), Found());
  EXPECT_EQ(listed({.action = Action::kLogin, .from = times[2]}), Found({5, 4, 3}));
  EXPECT_EQ(server_->list({.from = times[1], .to = times[3], .limit = 1}).total, 3);
}

TEST_P(AuditContract, EveryRecordIsProvenInTheSignedTree) {
  std::vector<Appended> all;
  for (int i = 0; i < 300; ++i) all.push_back(server_->append(login()).appended);
  for (size_t i : {size_t{0}, size_t{100}, size_t{255}, size_t{256}, size_t{299}}) {
    auto view = server_->prove(id_of(all[i]));
    ASSERT_TRUE(view);
    auto checkpoint = test_verifier().open_checkpoint(view->checkpoint);
    ASSERT_DONE(checkpoint);
    EXPECT_EQ(checkpoint->size, 300u);
    EXPECT_EQ(kernel::merkle::leaf_hash(view->leaf_input), all[i].hash);
    EXPECT_TRUE(
        kernel::merkle::verify_inclusion(view->leaf, view->index, view->size, view->path, checkpoint->root));
    EXPECT_EQ(view->index, i);
  }
  EXPECT_FALSE(server_->prove(record_id(301, {5})));
  stop_and_verify();
}

TEST_P(AuditContract, TheLogIsProvenToHaveOnlyGrown) {
  for (int i = 0; i < 10; ++i) server_->append(login());
  TreeHead old = server_->head();
  for (int i = 0; i < 10; ++i) server_->append(login());
  auto view = server_->prove_growth(10);
  ASSERT_DONE(view);
  TreeHead now = server_->head();
  EXPECT_TRUE(kernel::merkle::verify_consistency(10, old.root, now.size, now.root, view->path));
  EXPECT_FAILS(server_->prove_growth(21), Errc::kInvalid);
}

TEST_P(AuditContract, ARestartGoesOnWithTheSameTree) {
  for (int i = 0; i < 600; ++i) server_->append(login());
  TreeHead before = server_->head();
  open();
  EXPECT_EQ(server_->head().root, before.root);
  server_->append(login());
  CheckView view = server_->check();
  EXPECT_FALSE(view.broken);
  EXPECT_EQ(view.size, 601u);
  EXPECT_EQ(view.root, server_->head().root);
  stop_and_verify();
}

// A crash between the journal and the tables: what the journal has is replayed.
TEST_P(AuditContract, AReplayOfTheJournalsTailGivesTheSameTables) {
  ASSERT_DONE(server_->create("c1", "m1"));
  server_->list();
  {
    ArmedFault stuck("projection.write.before", [] { return fail(Errc::kIo, "armed"); });
    ASSERT_DONE(server_->roll_back("c1", "m2"));
    ASSERT_DONE(server_->roll_back("c2", "m3"));
    ASSERT_DONE(server_->create("c2", "m4"));
    server_.reset();
  }
  open();
  EXPECT_EQ(server_->of_correlation("c1")[0].rolled_back_by, 2u);
  EXPECT_EQ(server_->of_correlation("c2")[1].rolled_back_by, 3u);
  ASSERT_DONE(server_->create("c2", "m5"));
  EXPECT_EQ(server_->head().size, 4u);
  EXPECT_THAT(server_->answers(),
              ElementsAre("audit.log.created c1", "audit.log.failed c2", "audit.log.failed c2"));
  stop_and_verify();
}

// The tables were written, and the projector is told that they were not: it writes the same rows again.
TEST_P(AuditContract, WritingTheSameRowsAgainChangesNothing) {
  std::atomic<int> left{3};
  ArmedFault lies("projection.write.after", [&left]() -> Status {
    if (left.fetch_sub(1) > 0) return fail(Errc::kTimeout, "armed");
    return {};
  });
  ASSERT_DONE(server_->create("c1", "m1"));
  ASSERT_DONE(server_->roll_back("c1", "m2"));
  EXPECT_EQ(server_->list().total, 2);
  stop_and_verify();
}

TEST_P(AuditContract, AFailedAppendLeavesNoTrace) {
  ASSERT_DONE(server_->create("c1", "m1"));
  {
    ArmedFault full("journal.append.before", [] { return fail(Errc::kFull, "armed"); });
    EXPECT_FAILS(server_->create("c2", "m2"), Errc::kUnavailable);
  }
  ASSERT_TRUE(kernel::testing::eventually([&] { return server_->create("c2", "m2").has_value(); }));
  EXPECT_EQ(server_->head().size, 2u);
  EXPECT_FALSE(server_->check().broken);
  stop_and_verify();
}

TEST_P(AuditContract, TheDatabaseRefusesEveryChange) {
  ASSERT_DONE(server_->create("c1", "m1"));
  ASSERT_DONE(server_->roll_back("c1", "m2"));
  server_->list();
  server_.reset();
  auto tables = backend_->open("audit", false);
  auto connection = *tables->connect(storage::Access::kWriter);
  std::vector<std::string> refused = {
      "UPDATE audit_records SET user_id = 'x'",       "DELETE FROM audit_records",
      "UPDATE audit_rolled_back SET by_sequence = 9", "DELETE FROM audit_rolled_back WHERE sequence = 1",
      "UPDATE audit_checkpoints SET note = 'x'",      "DELETE FROM audit_checkpoints"};
  if (tables->dialect() == storage::Dialect::kPostgres) {
    refused.insert(refused.end(),
                   {"TRUNCATE audit_records", "TRUNCATE audit_rolled_back", "TRUNCATE audit_checkpoints"});
  }
  for (const std::string& sql : refused) EXPECT_FALSE(connection->execute(sql).has_value()) << sql;
  connection.reset();
  EXPECT_THAT(verify(*backend_).violations, IsEmpty());
}

TEST_P(AuditContract, TablesCanBeDroppedAndMadeAgain) {
  ASSERT_DONE(server_->create("c1", "m1"));
  ASSERT_DONE(server_->roll_back("c1", "m2"));
  for (int i = 0; i < 300; ++i) server_->append(login());
  TreeHead before = server_->head();
  server_.reset();
  {
    auto tables = backend_->open("audit", false);
    auto connection = *tables->connect(storage::Access::kWriter);
    auto transaction = *storage::Transaction::begin(*connection);
    ASSERT_DONE(remake_audit_tables(*connection));
    ASSERT_DONE(connection->execute("UPDATE projection_checkpoint SET record = 0 WHERE one = 1"));
    ASSERT_DONE(transaction.commit());
  }
  open();
  EXPECT_EQ(server_->head().root, before.root);
  EXPECT_EQ(server_->of_correlation("c1")[0].rolled_back_by, 2u);
  EXPECT_FALSE(server_->check().broken);
  stop_and_verify();
}

}  // namespace ducat::audit::testing
