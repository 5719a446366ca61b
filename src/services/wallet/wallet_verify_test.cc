// The auditor, with damage planted wherever it must find it.
#include "services/wallet/wallet_verify.h"

#include <gmock/gmock.h>

#include "base/hash.h"
#include "kernel/journal/journal.h"
#include "services/wallet/testing/wallet_server.h"

namespace ducat::wallet::testing {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    WalletServer server(backend_, clock_);
    ASSERT_DONE(server.started());
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(text_of(server.deposit("ann", "1", std::to_string(i))), "accepted");
    server.transfer("ann", "bob", "30");
    server.run("jp", Deposit{"jp", dec("500"), Currency::kJpy});
    server.run("ann", PlaceHold{dec("5"), {}});
    server.stop();
    journal_ = backend_.open("wallet_0", true);
    tables_ = backend_.open("wallet_0", false);
    ASSERT_THAT(violations(), IsEmpty());
  }
  Result<VerifyReport> verify() { return verify_shard(*journal_, *tables_, kOneDay); }
  std::vector<std::string> violations() {
    auto report = verify();
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    return report ? report->violations : std::vector<std::string>();
  }
  static void execute(storage::Database& database, std::string_view sql,
                      std::initializer_list<storage::Value> params = {}) {
    auto connection = database.connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    auto changed = (*connection)->execute(sql, params);
    ASSERT_DONE(changed);
    ASSERT_EQ(*changed, 1) << "the damage is done";
  }
  void damage(const std::string& sql) { execute(*tables_, sql); }
  void unlock_journal() {
    auto connection = journal_->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE((*connection)->script("DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete"));
  }

  kernel::testing::SqliteBackend backend_;
  TestClock clock_;
  std::unique_ptr<storage::Database> journal_, tables_;
};

TEST_F(Verify, ReportsWhatItHasSeen) {
  auto report = verify();
  ASSERT_DONE(report);
  EXPECT_EQ(report->events, 107u);
  EXPECT_EQ(report->wallets, 3u);
  EXPECT_EQ(report->keys, 100u);
  ASSERT_EQ(report->totals.size(), 2u);
  EXPECT_EQ(report->totals[0].currency, "JPY");
  EXPECT_EQ(report->totals[0].wallets, "500");
  EXPECT_EQ(report->totals[0].others, "-500");
  EXPECT_EQ(report->totals[1].wallets, "100.00");
}

TEST_F(Verify, FindsAChangedBalance) {
  damage("UPDATE wallets SET balance = balance + 1 WHERE id = 'ann'");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("wallet ann: the table says balance=7001")));
}

TEST_F(Verify, FindsEveryOtherChangedFieldOfAWallet) {
  for (std::string column :
       {"held", "credit_limit", "day", "day_spent", "open_holds", "status", "events", "head"}) {
    damage("UPDATE wallets SET " + column + " = " + column + " + 1 WHERE id = 'ann'");
    EXPECT_THAT(violations(), ElementsAre(HasSubstr("wallet ann"))) << column;
    damage("UPDATE wallets SET " + column + " = " + column + " - 1 WHERE id = 'ann'");
  }
  damage("UPDATE wallets SET daily_limit = 5 WHERE id = 'ann'");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("wallet ann")));
}

TEST_F(Verify, FindsAMissingWallet) {
  damage("DELETE FROM wallets WHERE id = 'bob'");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("wallets are missing")));
}

TEST_F(Verify, FindsAWalletWithoutEvents) {
  damage(
      "INSERT INTO wallets SELECT 99, 'ghost', currency, status, balance, held, credit_limit, daily_limit, "
      "day, "
      "day_spent, open_holds, events, head FROM wallets WHERE id = 'bob'");
  EXPECT_THAT(violations(), Contains(HasSubstr("wallet ghost has no events")));
}

TEST_F(Verify, FindsAWalletThatItsNameDoesNotLeadTo) {
  damage("UPDATE wallet_names SET no = no + 1 WHERE id = 'ann'");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("ann is not found by its name")));
  damage("DELETE FROM wallet_names WHERE id = 'ann'");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("ann is not found by its name")));
}

TEST_F(Verify, FindsARemovedEvent) {
  damage("DELETE FROM wallet_events WHERE position = 50");
  EXPECT_THAT(violations(), ElementsAre("event 50 is missing from the table"));
}

TEST_F(Verify, FindsARemovedLastEvent) {
  damage("DELETE FROM wallet_events WHERE position = 107");
  EXPECT_THAT(violations(), ElementsAre("event 107 is missing from the table"));
}

TEST_F(Verify, FindsAnEventThatNeverWas) {
  damage(
      "INSERT INTO wallet_events SELECT 1000, wallet, seq, prev, at, body FROM wallet_events WHERE position "
      "= 5");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("an event 1000 that the journal has not")));
}

TEST_F(Verify, FindsAChangedEvent) {
  for (std::string column : {"wallet", "seq", "prev", "at"}) {
    damage("UPDATE wallet_events SET " + column + " = " + column + " + 1 WHERE position = 60");
    EXPECT_THAT(violations(), ElementsAre("event 60 differs in the table")) << column;
    damage("UPDATE wallet_events SET " + column + " = " + column + " - 1 WHERE position = 60");
  }
  damage(
      "UPDATE wallet_events SET body = (SELECT body FROM wallet_events WHERE position = 61) WHERE position = "
      "60");
  EXPECT_THAT(violations(), ElementsAre("event 60 differs in the table"));
}

// An open hold, and one that has ended.
TEST_F(Verify, FindsEveryChangedFieldOfAHold) {
  {
    WalletServer server(backend_, clock_);
    HoldId held = server.run("ann", PlaceHold{dec("4"), {}}).answer.hold_id;
    ASSERT_EQ(text_of(server.run("ann", CaptureHold{held, dec("1")})), "accepted");
  }
  ASSERT_THAT(violations(), IsEmpty());
  for (std::string no : {"107", "108"}) {
    std::string row = " WHERE no = " + no;
    for (std::string column :
         {"wallet", "state", "amount", "captured", "is_transfer", "created_at", "updated_at"}) {
      damage("UPDATE wallet_holds SET " + column + " = " + column + " + 1" + row);
      EXPECT_THAT(violations(), ElementsAre(HasSubstr("differs in the table"))) << column;
      damage("UPDATE wallet_holds SET " + column + " = " + column + " - 1" + row);
    }
    for (std::string column : {"counterparty", "request_id", "reason"}) {
      damage("UPDATE wallet_holds SET " + column + " = " + column + " || 'x'" + row);
      EXPECT_THAT(violations(), ElementsAre(HasSubstr("differs in the table"))) << column;
      damage("UPDATE wallet_holds SET " + column + " = substr(" + column + ", 1, length(" + column +
             ") - 1)" + row);
    }
    damage("UPDATE wallet_holds SET expires_at = 5" + row);
    EXPECT_THAT(violations(), ElementsAre(HasSubstr("differs in the table")));
    damage("UPDATE wallet_holds SET expires_at = NULL" + row);
    damage("UPDATE wallet_holds SET hold_id = 'x' || hold_id" + row);
    EXPECT_THAT(violations(), ElementsAre(HasSubstr("differs in the table")));
    damage("UPDATE wallet_holds SET hold_id = substr(hold_id, 2)" + row);
  }
  EXPECT_THAT(violations(), IsEmpty());
}

TEST_F(Verify, FindsAMissingHold) {
  damage("DELETE FROM wallet_holds");
  EXPECT_THAT(violations(),
              ElementsAre(HasSubstr("is missing from the table"), "the table has 0 holds, the events 1"));
}

TEST_F(Verify, FindsAHoldThatNeverWas) {
  damage(
      "INSERT INTO wallet_holds SELECT 1000, hold_id, wallet, state, amount, captured, is_transfer, "
      "expires_at, "
      "created_at, updated_at, counterparty, request_id, reason FROM wallet_holds");
  EXPECT_THAT(violations(), ElementsAre("the table has 2 holds, the events 1"));
}

TEST_F(Verify, FindsAChangedMissingOrAdditionalMark) {
  for (std::string column : {"position", "at"}) {
    damage("UPDATE wallet_marks SET " + column + " = " + column + " + 1");
    EXPECT_THAT(violations(), ElementsAre("the mark at event 64 differs in the table")) << column;
    damage("UPDATE wallet_marks SET " + column + " = " + column + " - 1");
  }
  damage("INSERT INTO wallet_marks SELECT wallet, 128, position, at FROM wallet_marks");
  EXPECT_THAT(violations(), ElementsAre("the table has 2 marks, the events 1"));
  damage("DELETE FROM wallet_marks WHERE seq = 64");
  EXPECT_THAT(violations(), ElementsAre("the mark at event 64 is missing from the table"));
}

TEST_F(Verify, FindsAChangedAccount) {
  damage("UPDATE wallet_accounts SET balance = balance - 1 WHERE currency = 392");
  EXPECT_THAT(violations(), ElementsAre("the world account of JPY differs from the events"));
}

TEST_F(Verify, RefusesAJournalWithAChangedByte) {
  unlock_journal();
  execute(
      *journal_,
      "UPDATE journal SET body = CAST(substr(body, 1, length(body) - 1) || x'07' AS BLOB) WHERE record = 20");
  EXPECT_FAILS(verify(), Errc::kCorrupt);
}

TEST_F(Verify, RefusesAJournalThatLacksARecord) {
  unlock_journal();
  execute(*journal_, "DELETE FROM journal WHERE record = 20");
  EXPECT_FAILS(verify(), Errc::kCorrupt);
}

// The last records have gone: no chain shows that, the tables do.
TEST_F(Verify, FindsThatTheJournalHasLostItsEnd) {
  unlock_journal();
  auto connection = journal_->connect(storage::Access::kWriter);
  ASSERT_DONE(connection);
  ASSERT_DONE((*connection)->execute("DELETE FROM journal WHERE record > 100"));
  EXPECT_THAT(violations(), Contains(HasSubstr("that the journal has not")));
}

TEST_F(Verify, FindsAKeyThatWasAppliedTwice) {
  auto writer = kernel::JournalWriter::lead(*journal_, {"forger", Duration::seconds(6)});
  ASSERT_DONE(writer);
  kernel::RecordBuilder builder;
  builder.start((*writer)->tip().number + 1, (*writer)->tip().end_position, (*writer)->epoch(),
                (*writer)->tip().at);
  builder.key("0", 0, "used twice");
  kernel::Record record = builder.take();
  ASSERT_DONE((*writer)->append(record));
  damage("UPDATE projection_checkpoint SET record = " + std::to_string(record.number));
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("an idempotency key was applied twice")));
}

TEST_F(Verify, StopsListingAfterAHundredViolations) {
  auto connection = tables_->connect(storage::Access::kWriter);
  ASSERT_DONE(connection);
  ASSERT_DONE((*connection)->execute("DELETE FROM wallet_events"));
  EXPECT_EQ(violations().size(), 100u);
}

}  // namespace ducat::wallet::testing
