// The journal's contract on PostgreSQL, and what only a server has: leases, sessions that end, restarts, and
// the rights of a role.
#include <gmock/gmock.h>

#include "kernel/journal/testing/journal_contract.h"

namespace ducat::kernel::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, JournalContract, ::testing::Values(make_postgres));

class PostgresJournal : public JournalContract {
 protected:
  // Appends as the engine does: an unknown outcome is looked up, an unreachable server is tried again.
  static Status append_patiently(JournalWriter& writer, std::string_view event) {
    Record record = next(writer, event);
    Status status;
    eventually([&] {
      status = writer.append(record);
      if (status || !status.error().retryable()) return true;
      if (status.error().code == Errc::kUnavailable) return false;
      auto there = writer.resolve(record);
      if (!there) status = propagate(there);
      if (there && *there) status = {};
      return there ? *there : !status.error().retryable();
    });
    return status;
  }
  static void restart_server() {
    postgres()->stop(storage::TemporaryPostgres::Stop::kImmediate);
    ASSERT_DONE(postgres()->restart());
  }
};
INSTANTIATE_TEST_SUITE_P(Postgres, PostgresJournal, ::testing::Values(make_postgres));

TEST_P(PostgresJournal, RefusesToTruncate) {
  Writer writer = lead();
  ASSERT_DONE(append(*writer, "one"));
  EXPECT_FAILS(connect()->execute("TRUNCATE journal"), Errc::kInvalid);
  EXPECT_EQ(*events(), Events{"one"});
}

// What production connects as: the owner of its database, but no superuser.
TEST_P(PostgresJournal, TheOwnerWithoutSuperuserHasNoRightToChangeIt) {
  auto admin = connect();
  ASSERT_DONE(admin->script("CREATE ROLE app LOGIN"));
  ASSERT_DONE(admin->script("CREATE DATABASE app OWNER app"));
  storage::StorageTarget target = backend_->target("journal", true);
  target.url = "postgresql://app@127.0.0.1:" + std::to_string(postgres()->port()) + "/app";
  auto opened = storage::open(target);
  ASSERT_DONE(opened);
  database_ = std::move(*opened);
  Writer writer = lead();
  ASSERT_NE(writer, nullptr);
  ASSERT_DONE(append(*writer, "one"));
  auto owner = connect();
  for (const char* sql : {"UPDATE journal SET at = 0", "DELETE FROM journal", "TRUNCATE journal"}) {
    auto changed = owner->execute(sql);
    ASSERT_FALSE(changed) << sql;
    EXPECT_THAT(changed.error().message, ::testing::HasSubstr("permission denied")) << sql;
  }
  // Rights that are given back do not help either: the rows are not there for an UPDATE.
  ASSERT_DONE(
      owner->script("GRANT UPDATE, DELETE ON journal TO app; ALTER TABLE journal DISABLE TRIGGER USER"));
  EXPECT_EQ(owner->execute("UPDATE journal SET at = 0").value_or(-1), 0);
  EXPECT_EQ(owner->execute("DELETE FROM journal").value_or(-1), 0);
  EXPECT_EQ(*events(), Events{"one"});
}

TEST_P(PostgresJournal, IsBusyWhileTheLeadersSessionLives) {
  Writer first = lead("the first one");
  auto second = try_lead("second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_THAT(second.error().message, ::testing::HasSubstr("the first one"));
  ASSERT_DONE(append(*first, "still writes"));
}

TEST_P(PostgresJournal, IsTakenOverOnceTheLeadersSessionHasDied) {
  Writer first = lead("first", Duration::seconds(3600));
  ASSERT_DONE(append(*first, "one"));
  terminate_sessions(*database_);
  Writer second = lead("second");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(append_patiently(*first, "lost").error().code, Errc::kFenced);
  EXPECT_FAILS(first->renew(), Errc::kFenced);
  ASSERT_DONE(append(*second, "two"));
  EXPECT_EQ(*events(), Events({"one", "two"}));
}

TEST_P(PostgresJournal, IsTakenOverFromALeaderThatHangs) {
  Writer hanging = lead_hanging();
  Writer second = lead("second");
  ASSERT_NE(second, nullptr);
  EXPECT_FAILS(hanging->renew(), Errc::kFenced);
  EXPECT_FAILS(append(*hanging, "lost"), Errc::kFenced);
  ASSERT_DONE(append(*second, "one"));
}

TEST_P(PostgresJournal, RenewingProlongsTheLease) {
  Writer writer = lead();
  ASSERT_DONE(connect()->execute("UPDATE journal_lease SET expires_at = 0"));
  ASSERT_DONE(writer->renew());
  EXPECT_FAILS(try_lead("second"), Errc::kBusy);
}

TEST_P(PostgresJournal, AnOlderLeadersReleaseDoesNotFreeTheLease) {
  Writer first = lead_hanging();
  Writer second = lead("second");
  first->release();
  EXPECT_FAILS(try_lead("third"), Errc::kBusy);
}

TEST_P(PostgresJournal, GoesOnAfterTheServerWasRestarted) {
  Writer writer = lead();
  ASSERT_DONE(append(*writer, "one"));
  restart_server();
  ASSERT_DONE(append_patiently(*writer, "two"));
  restart_server();
  ASSERT_DONE(append_patiently(*writer, "three"));
  EXPECT_EQ(*events(), Events({"one", "two", "three"}));
}

TEST_P(PostgresJournal, ARestartedServerIsShownAgainThatTheLeaderLives) {
  Writer writer = lead();
  restart_server();
  EXPECT_TRUE(eventually([&] { return writer->renew().has_value(); }));
  EXPECT_FAILS(try_lead("second"), Errc::kBusy);
  ASSERT_DONE(append_patiently(*writer, "one"));
}

TEST_P(PostgresJournal, AnAppendToAServerThatIsDownFailsAndIsNotLost) {
  Writer writer = lead();
  postgres()->stop(storage::TemporaryPostgres::Stop::kImmediate);
  Status status = append(*writer, "one");
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().retryable()) << status.error().message;
  ASSERT_DONE(postgres()->restart());
  ASSERT_DONE(append_patiently(*writer, "one"));
  EXPECT_EQ(*events(), Events{"one"});
}

TEST_P(PostgresJournal, JournalsOfOneServerHaveLeadersOfTheirOwn) {
  Writer first = lead();
  auto other = backend_->open("another");
  ASSERT_NE(other, nullptr);
  auto second = JournalWriter::lead(*other, {"second", Duration::seconds(60)});
  ASSERT_DONE(second);
  ASSERT_DONE(append(*first, "one"));
  ASSERT_DONE(append(**second, "elsewhere"));
  EXPECT_EQ(*events(), Events{"one"});
}

}  // namespace ducat::kernel::testing
