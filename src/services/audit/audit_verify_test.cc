// The auditor and the check of the tables, with damage planted wherever they must find it.
#include "services/audit/audit_verify.h"

#include <gmock/gmock.h>

#include "base/fault_point.h"
#include "kernel/journal/journal.h"
#include "services/audit/domain/canonical.h"
#include "services/audit/store/event_codec.h"
#include "services/audit/testing/audit_server.h"

namespace ducat::audit::testing {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyAudit : public ::testing::Test {
 protected:
  static constexpr uint64_t kRecords = 302;

  void SetUp() override {
    AuditServer server(backend_, clock_);
    ASSERT_DONE(server.started());
    for (int i = 0; i < 300; ++i) server.append(login("u" + std::to_string(i)));
    ASSERT_DONE(server.create("c1", "m1"));
    ASSERT_DONE(server.roll_back("c1", "m2"));
    server.stop();
    ASSERT_THAT(report().violations, IsEmpty());
    ASSERT_EQ(report().records, kRecords);
  }
  VerifyReport report() { return verify(backend_); }
  // What the running service's check says after the damage.
  CheckView check() {
    AuditServer server(backend_, clock_);
    EXPECT_TRUE(server.started().has_value()) << server.started().error().message;
    return server.check();
  }
  void run(bool journal, const std::string& script) {
    auto database = backend_.open("audit", journal);
    auto connection = database->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE((*connection)->script(script));
  }
  void damage(const std::string& sql) {
    run(false,
        "DROP TRIGGER IF EXISTS audit_records_no_update; DROP TRIGGER IF EXISTS audit_records_no_delete;"
        "DROP TRIGGER IF EXISTS audit_rolled_back_no_update;"
        "DROP TRIGGER IF EXISTS audit_rolled_back_no_delete; DROP TRIGGER IF EXISTS "
        "audit_checkpoints_no_update;" +
            sql);
  }
  void expect_first_broken(uint64_t sequence, std::string_view reason) {
    VerifyReport found = report();
    ASSERT_TRUE(found.first_broken) << "nothing was found";
    EXPECT_EQ(found.first_broken->sequence, sequence);
    EXPECT_THAT(found.violations, Contains(HasSubstr(std::string(reason))));
  }
  // Appends a journal record made by `fill`, as if the tables had followed it.
  template <typename Fill>
  void forge(Fill fill) {
    auto journal = backend_.open("audit", true);
    auto writer = kernel::JournalWriter::lead(*journal, {"forger", Duration::seconds(6)});
    ASSERT_DONE(writer);
    kernel::RecordBuilder builder;
    builder.start((*writer)->tip().number + 1, (*writer)->tip().end_position, (*writer)->epoch(),
                  (*writer)->tip().at);
    fill(builder);
    kernel::Record record = builder.take();
    ASSERT_DONE((*writer)->append(record));
    run(false, "UPDATE projection_checkpoint SET record = " + std::to_string(record.number));
  }

  kernel::testing::SqliteBackend backend_;
  TestClock clock_;
};

TEST_F(VerifyAudit, ReportsWhatItHasSeen) {
  VerifyReport found = report();
  EXPECT_EQ(found.rolled_back, 1u);
  EXPECT_EQ(found.checkpoints, 1u) << "kept at the stop";
  CheckView view = check();
  EXPECT_FALSE(view.broken);
  EXPECT_EQ(view.root, found.root);
}

TEST_F(VerifyAudit, FindsEveryChangedField) {
  for (std::string change :
       {"created_at = created_at + 1", "action = 7", "status = 2", "entity_type = 'x'", "entity_id = NULL",
        "user_id = 'x'", "metadata = '{}'", "changes = '{}'", "ip_address = 'x'", "user_agent = ''",
        "correlation_id = 'x'", "service_name = 'x'", "hash = x'00'"}) {
    damage("UPDATE audit_records SET " + change + " WHERE sequence = 50");
    expect_first_broken(50, "it differs in the tables");
    CheckView view = check();
    ASSERT_TRUE(view.broken) << change;
    EXPECT_EQ(view.broken->sequence, 50u) << change;
    EXPECT_EQ(view.size, 49u);
    // Back to what the journal says.
    auto tables = backend_.open("audit", false);
    auto connection = *tables->connect(storage::Access::kWriter);
    auto transaction = *storage::Transaction::begin(*connection);
    ASSERT_DONE(remake_audit_tables(*connection));
    ASSERT_DONE(connection->execute("UPDATE projection_checkpoint SET record = 0 WHERE one = 1"));
    ASSERT_DONE(transaction.commit());
    connection.reset();
    EXPECT_FALSE(check().broken);
  }
}

// SQLite asks no trigger for this.
TEST_F(VerifyAudit, FindsAReplacedRecord) {
  run(false,
      "INSERT OR REPLACE INTO audit_records SELECT sequence, created_at, action, status, origin, "
      "entity_type, "
      "entity_id, 'x', metadata, changes, ip_address, user_agent, correlation_id, service_name, hash FROM "
      "audit_records WHERE sequence = 50");
  expect_first_broken(50, "it differs in the tables");
  EXPECT_EQ(check().broken->sequence, 50u);
}

TEST_F(VerifyAudit, FindsARemovedRecord) {
  damage("DELETE FROM audit_records WHERE sequence = 50");
  expect_first_broken(50, "it is missing from the tables");
  EXPECT_EQ(check().broken->sequence, 50u);
}

TEST_F(VerifyAudit, FindsThatTheLastRecordIsGone) {
  damage("DELETE FROM audit_records WHERE sequence = 302");
  expect_first_broken(302, "it is missing from the tables");
}

TEST_F(VerifyAudit, FindsRecordsThatChangedPlaces) {
  damage(
      "UPDATE audit_records SET sequence = 1000 WHERE sequence = 50;"
      "UPDATE audit_records SET sequence = 50 WHERE sequence = 51;"
      "UPDATE audit_records SET sequence = 51 WHERE sequence = 1000");
  expect_first_broken(50, "it differs in the tables");
  EXPECT_EQ(check().broken->sequence, 50u);
}

TEST_F(VerifyAudit, FindsARecordThatNeverWas) {
  damage(
      "INSERT INTO audit_records (sequence, created_at, action, status, origin, hash) VALUES (303, 9, 1, 1, "
      "0, x'00')");
  expect_first_broken(303, "that the journal has not");
}

TEST_F(VerifyAudit, FindsARollbackThatWasHidden) {
  damage("DELETE FROM audit_rolled_back WHERE sequence = 301");
  expect_first_broken(301, "and the tables say otherwise");
}

TEST_F(VerifyAudit, FindsARollbackThatNeverWas) {
  damage("INSERT INTO audit_rolled_back VALUES (7, 302)");
  expect_first_broken(7, "and it was not");
}

TEST_F(VerifyAudit, FindsAChangedNodeOfTheTree) {
  damage("UPDATE merkle_nodes SET hash = x'00' WHERE level = 8 AND idx = 0");
  expect_first_broken(256, "node 0 of level 8");
}

TEST_F(VerifyAudit, FindsAForgedCheckpoint) {
  std::string note = test_signer('f').sign(300, kernel::merkle::leaf_hash("x"));
  run(false, "INSERT INTO audit_checkpoints VALUES (300, '" + note + "')");
  EXPECT_THAT(report().violations, Contains(HasSubstr("a kept checkpoint is forged")));
}

TEST_F(VerifyAudit, FindsThatTheLogIsNotTheOneThatWasSigned) {
  std::string note = test_signer().sign(300, kernel::merkle::leaf_hash("another log's root"));
  run(false, "INSERT INTO audit_checkpoints VALUES (300, '" + note + "')");
  expect_first_broken(300, "is not the one whose checkpoint was signed");
}

// Whoever verifies beside a serving process, or after a crash, finds tables that are behind.
TEST_F(VerifyAudit, ACheckpointMayBeAheadOfTheTables) {
  AuditServer server(backend_, clock_);
  ASSERT_DONE(server.started());
  ArmedFault stuck("projection.write.before", [] { return fail(Errc::kIo, "armed"); });
  ASSERT_EQ(server.append(login("late")).verdict, Verdict::kAccepted);
  ASSERT_DONE(AuditServer::get(server.host().keep_checkpoint(server.home())));
  VerifyReport found = report();
  EXPECT_THAT(found.violations, IsEmpty());
  EXPECT_EQ(found.records, kRecords) << "the tables' part was verified";
  EXPECT_EQ(found.checkpoints, 2u);
}

TEST_F(VerifyAudit, FindsAForgedCheckpointAheadOfTheTables) {
  AuditServer server(backend_, clock_);
  ASSERT_DONE(server.started());
  ArmedFault stuck("projection.write.before", [] { return fail(Errc::kIo, "armed"); });
  ASSERT_EQ(server.append(login("late")).verdict, Verdict::kAccepted);
  auto tables = backend_.open("audit", false);
  auto connection = *tables->connect(storage::Access::kWriter);
  ASSERT_DONE(keep_checkpoint(*connection, kRecords + 1, test_signer().sign(kRecords + 1, {})));
  expect_first_broken(kRecords + 1, "not the one whose checkpoint was signed");
}

TEST_F(VerifyAudit, FindsThatTheLogHasLostItsEnd) {
  run(false, "INSERT INTO audit_checkpoints VALUES (400, '" +
                 test_signer().sign(400, kernel::merkle::leaf_hash("x")) + "')");
  expect_first_broken(303, "a checkpoint was signed for 400 records");
}

TEST_F(VerifyAudit, NamesTheFirstRecordBehindADamagedJournalRecord) {
  run(true,
      "DROP TRIGGER journal_no_update;"
      "UPDATE journal SET body = CAST(substr(body, 1, length(body) - 1) || x'07' AS BLOB) WHERE record = 20");
  VerifyReport found = report();
  ASSERT_TRUE(found.first_broken);
  EXPECT_EQ(found.first_broken->sequence, found.records + 1);
  EXPECT_THAT(found.first_broken->reason, HasSubstr("journal record 20 is missing or damaged"));
}

// Whoever can write the journal's chain anew still meets the leaves, the rules and the checkpoints.
TEST_F(VerifyAudit, FindsALeafThatIsNotItsRecords) {
  Record last;
  {
    AuditServer server(backend_, clock_);
    auto end = server.list().records.front();
    last = end.record();
    last.previous = end.hash;
  }
  last.sequence = kRecords + 1;
  last.entry = login();
  forge([&](kernel::RecordBuilder& builder) {
    std::string canonical, body;
    append_canonical(canonical, last);
    encode(body, Event{.record = last}, canonical);
    builder.event(1, body);
    builder.leaf(std::string(32, 'x'));
  });
  expect_first_broken(kRecords + 1, "its leaf in the journal is not its hash");
}

TEST_F(VerifyAudit, FindsARecordThatDoesNotFollow) {
  forge([&](kernel::RecordBuilder& builder) {
    Record stranger{kRecords + 5, {1'767'323'999'000'000}, {}, login()};
    std::string canonical, body;
    append_canonical(canonical, stranger);
    encode(body, Event{.record = stranger}, canonical);
    builder.event(1, body);
    builder.leaf(kernel::merkle::bytes_of(kernel::merkle::leaf_hash(canonical)));
  });
  expect_first_broken(kRecords + 1, "stands where 303 belongs");
}

}  // namespace ducat::audit::testing
