// The storage contract on a real PostgreSQL, and what only a server has: sessions that are lost.
#include <gmock/gmock.h>

#include <atomic>

#include "platform/storage/open.h"
#include "platform/storage/postgres/postgres.h"
#include "platform/storage/testing/storage_contract.h"
#include "platform/storage/testing/temporary_postgres.h"

namespace ducat::storage {
namespace {

using testing::HasSubstr;
using testing::Not;

// One server for the program; a schema of its own for each test.
TemporaryPostgres* server() {
  static const std::unique_ptr<TemporaryPostgres> shared = []() -> std::unique_ptr<TemporaryPostgres> {
    if (!TemporaryPostgres::missing().empty()) return nullptr;
    auto started = TemporaryPostgres::start({});
    if (!started) ADD_FAILURE() << started.error().message;
    return started ? std::move(*started) : nullptr;
  }();
  return shared.get();
}

PostgresOptions options_of_a_new_schema() {
  static int number = 0;
  PostgresOptions options;
  options.url = server()->url();
  options.schema = "Test \"" + std::to_string(number++) + "\"";
  return options;
}

class PostgresBackend final : public Backend {
 public:
  Result<std::unique_ptr<Database>> open() override { return open_postgres(options_); }

 private:
  PostgresOptions options_ = options_of_a_new_schema();
};

INSTANTIATE_TEST_SUITE_P(Postgres, StorageContract, testing::Values([]() -> std::unique_ptr<Backend> {
                           return server() == nullptr ? nullptr : std::make_unique<PostgresBackend>();
                         }));

class Postgres : public testing::Test {
 protected:
  void SetUp() override {
    if (auto why = TemporaryPostgres::missing(); !why.empty()) DUCAT_NO_POSTGRES(why);
    ASSERT_NE(server(), nullptr);
    options_ = options_of_a_new_schema();
    open();
    ASSERT_DONE(writer_->script("CREATE TABLE t (id BIGINT PRIMARY KEY, body TEXT)"));
  }
  void open() {
    auto database = open_postgres(options_);
    ASSERT_DONE(database);
    database_ = std::move(*database);
    writer_ = connect();
    ASSERT_NE(writer_, nullptr);
  }
  std::unique_ptr<Connection> connect() {
    auto connection = database_->connect(Access::kWriter);
    if (!connection) ADD_FAILURE() << connection.error().message;
    return connection ? std::move(*connection) : nullptr;
  }
  static Result<int64_t> number(Connection& connection, std::string_view sql) {
    int64_t answer = -1;
    DUCAT_TRY(connection.query(sql, {}, [&](const Row& row) { answer = row.int64(0); }));
    return answer;
  }
  Result<int64_t> insert(int64_t id) { return writer_->execute("INSERT INTO t (id) VALUES ($1)", {id}); }
  // Ends the session of `victim` from another one, and waits until the server has let it go.
  void terminate(Connection& victim) { terminate(number(victim, "SELECT pg_backend_pid()").value_or(0)); }
  void terminate(int64_t pid) {
    auto killer = connect();
    ASSERT_DONE(killer->query("SELECT pg_terminate_backend(CAST($1 AS INTEGER), 10000)", {pid}, {}));
  }
  // Waits until the session runs a statement that begins like this and sleeps in it.
  void wait_until_it_sleeps(int64_t pid) {
    auto watcher = connect();
    std::string sql =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " + std::to_string(pid);
    while (number(*watcher, sql).value_or(1) == 0) std::this_thread::yield();
  }

  PostgresOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> writer_;
};

TEST_F(Postgres, LostSessionIsReplacedBeforeTheNextStatement) {
  ASSERT_DONE(insert(1));
  terminate(*writer_);
  ASSERT_DONE(insert(2));  // a write, and prepared before: it goes to the new session, once
  terminate(*writer_);
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(insert(3));
  ASSERT_DONE(transaction->commit());
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM t").value_or(-1), 3);
}

TEST_F(Postgres, LostTransactionIsGoneAndSaysSo) {
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(insert(1));
  terminate(*writer_);
  EXPECT_FAILS(insert(2), Errc::kUnavailable);
  EXPECT_FAILS(insert(3), Errc::kUnavailable);
  EXPECT_FAILS(transaction->commit(), Errc::kUnavailable);
  ASSERT_DONE(insert(4));
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM t").value_or(-1), 1);
}

TEST_F(Postgres, CommitWhoseAnswerIsLostIsUnknown) {
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(insert(1));
  terminate(*writer_);
  EXPECT_FAILS(transaction->commit(), Errc::kTimeout);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM t").value_or(-1), 0);
}

TEST_F(Postgres, LoneWriteThatIsCutOffIsUnknown) {
  int64_t pid = number(*writer_, "SELECT pg_backend_pid()").value_or(0);
  std::jthread cut([&] {
    wait_until_it_sleeps(pid);
    terminate(pid);
  });
  EXPECT_FAILS(writer_->execute("INSERT INTO t (id) SELECT 1 FROM pg_sleep(60)"), Errc::kTimeout);
}

TEST_F(Postgres, SelectThatIsCutOffIsAskedOnceMore) {
  ASSERT_DONE(writer_->script("CREATE SEQUENCE asked"));
  int64_t pid = number(*writer_, "SELECT pg_backend_pid()").value_or(0);
  std::jthread cut([&] {
    wait_until_it_sleeps(pid);
    terminate(pid);
  });
  // Sequences are not rolled back: the first asking sleeps, the second finds that it is the second.
  auto answer = number(*writer_,
                       "SELECT n FROM (SELECT nextval('asked') AS n) a, "
                       "LATERAL (SELECT pg_sleep(CASE WHEN n = 1 THEN 60 ELSE 0 END)) b");
  ASSERT_DONE(answer);
  EXPECT_EQ(*answer, 2);
}

TEST_F(Postgres, ServerThatRestartsIsUnavailableAndThenThereAgain) {
  ASSERT_DONE(insert(1));
  for (auto how : {TemporaryPostgres::Stop::kFast, TemporaryPostgres::Stop::kImmediate,
                   TemporaryPostgres::Stop::kKill}) {
    server()->stop(how);
    EXPECT_FAILS(insert(2), Errc::kUnavailable);
    EXPECT_FAILS(database_->connect(Access::kReader), Errc::kUnavailable);
    ASSERT_DONE(server()->restart());
    EXPECT_EQ(number(*writer_, "SELECT count(*) FROM t").value_or(-1), 1);
  }
}

TEST_F(Postgres, StatementThatTakesTooLongIsGivenUpByTheServer) {
  options_.statement_timeout = Duration::millis(50);
  open();
  EXPECT_FAILS(number(*writer_, "SELECT 1 FROM pg_sleep(60)"), Errc::kUnavailable);
  ASSERT_DONE(insert(1));
  // Scripts have a bound of their own, and leave the other as it was.
  ASSERT_DONE(writer_->script("SELECT pg_sleep(0.2)"));
  EXPECT_FAILS(number(*writer_, "SELECT 1 FROM pg_sleep(60)"), Errc::kUnavailable);
}

TEST_F(Postgres, WriterThatFallsSilentWithinATransactionLosesItsLocks) {
  options_.writer_silence = Duration::millis(200);
  open();
  ASSERT_DONE(writer_->execute("INSERT INTO t VALUES (1, 'mine')"));
  ASSERT_DONE(writer_->begin());
  ASSERT_DONE(writer_->execute("UPDATE t SET body = 'half' WHERE id = 1"));
  auto other = connect();
  ASSERT_DONE(other->execute("UPDATE t SET body = body || ' and yours' WHERE id = 1"));
  EXPECT_FALSE(writer_->commit());
  EXPECT_EQ(*number(*other, "SELECT count(*) FROM t WHERE body = 'mine and yours'"), 1);
}

TEST_F(Postgres, ServerThatDoesNotAnswerIsGivenUpByTheClient) {
  options_.grace = Duration::millis(-29'900);  // 100 ms in all, while the server would go on for 30 s
  open();
  EXPECT_FAILS(number(*writer_, "SELECT 1 FROM pg_sleep(60)"), Errc::kTimeout);
  EXPECT_FAILS(writer_->execute("INSERT INTO t (id) SELECT 1 FROM pg_sleep(60)"), Errc::kTimeout);
  ASSERT_DONE(insert(2));
}

TEST_F(Postgres, DeadlockIsWorthAnotherTry) {
  ASSERT_DONE(insert(1));
  ASSERT_DONE(insert(2));
  auto other = connect();
  ASSERT_DONE(writer_->script("SET deadlock_timeout='10ms'"));
  ASSERT_DONE(writer_->begin());
  ASSERT_DONE(other->begin());
  ASSERT_DONE(writer_->execute("UPDATE t SET body = 'a' WHERE id = 1"));
  ASSERT_DONE(other->execute("UPDATE t SET body = 'b' WHERE id = 2"));
  Status second;
  std::jthread waiter([&] {
    auto done = other->execute("UPDATE t SET body = 'b' WHERE id = 1");
    if (!done) second = propagate(done);
  });
  auto first = writer_->execute("UPDATE t SET body = 'a' WHERE id = 2");
  writer_->rollback();
  waiter.join();
  other->rollback();
  ASSERT_NE(first.has_value(), second.has_value());
  EXPECT_EQ(first ? second.error().code : first.error().code, Errc::kUnavailable);
}

TEST_F(Postgres, LargeRowsAreWrittenInSeveralStatementsAndStillAllOrNothing) {
  static constexpr Column kColumns[] = {{"id", ColumnType::kInt64}, {"body", ColumnType::kText}};
  static constexpr BulkTable kTable{"t", kColumns, 1, OnConflict::kFail};
  std::string body(size_t{20} << 20, 'x');
  ColumnBatch batch(kColumns);
  for (int64_t id : {1, 2, 3, 3}) {
    batch.add(id);
    batch.add(body);
  }
  EXPECT_FAILS(writer_->write(kTable, batch), Errc::kConflict);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM t").value_or(-1), 0);
}

// Otherwise a service that started with empty tables reads all of them for each lookup, for as long as it
// runs.
TEST_F(Postgres, PlanMadeWhileATableWasEmptyGoesByItsIndex) {
  std::string placeholders, arguments, plan;
  for (int i = 1; i <= 64; ++i) {
    placeholders += (i == 1 ? "$" : ",$") + std::to_string(i);
    arguments += (i == 1 ? "" : ",") + std::to_string(i);
  }
  // A row in one page: by these statistics reading it is cheaper than 64 descents of the index.
  ASSERT_DONE(insert(1));
  ASSERT_DONE(writer_->execute("ANALYZE t"));
  ASSERT_DONE(writer_->execute("SET plan_cache_mode = force_generic_plan"));
  ASSERT_DONE(writer_->execute("PREPARE by_ids AS SELECT body FROM t WHERE id IN (" + placeholders + ")"));
  ASSERT_DONE(writer_->query("EXPLAIN EXECUTE by_ids(" + arguments + ")", {},
                             [&](const Row& row) { plan += std::string(row.text(0)) + "\n"; }));
  EXPECT_THAT(plan, HasSubstr("t_pkey"));
}

TEST_F(Postgres, RaisedByATriggerIsARuleOfTheSchema) {
  ASSERT_DONE(
      writer_->script("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                      "$$ BEGIN RAISE EXCEPTION 'immutable'; END $$; "
                      "CREATE TRIGGER keep BEFORE DELETE ON t EXECUTE FUNCTION refuse()"));
  EXPECT_FAILS(writer_->execute("DELETE FROM t"), Errc::kInvalid);
}

TEST_F(Postgres, NamesAreShownWithoutThePassword) {
  PostgresOptions options;
  options.url = "postgresql://me:secret@127.0.0.1:1/shop?connect_timeout=2";
  options.schema = "wallet";
  auto opened = open_postgres(options);
  EXPECT_FAILS(opened, Errc::kUnavailable);
  EXPECT_THAT(opened.error().message, HasSubstr("postgres 127.0.0.1:1/shop schema wallet"));
  EXPECT_THAT(opened.error().message, Not(HasSubstr("secret")));
  options.url = "postgresql://me:secret@127.0.0.1:x y/shop";
  opened = open_postgres(options);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, Not(HasSubstr("secret")));
}

TEST_F(Postgres, OpensWhatTheConfigurationNames) {
  StorageTarget target;
  target.type = *parse_storage_type("postgres");
  target.url = options_.url;
  target.schema = "opened";
  target.durable = false;
  auto opened = storage::open(target);
  ASSERT_DONE(opened);
  EXPECT_EQ((*opened)->dialect(), Dialect::kPostgres);
  auto connection = std::move(*(*opened)->connect(Access::kWriter));
  std::string setting;
  ASSERT_DONE(connection->query("SELECT current_setting('synchronous_commit') || ' ' || current_schema()", {},
                                [&](const Row& row) { setting = row.text(0); }));
  EXPECT_EQ(setting, "on opened") << "what was forgotten as written must not be lost by the server";
  EXPECT_FALSE(parse_storage_type("oracle"));
}

}  // namespace
}  // namespace ducat::storage
