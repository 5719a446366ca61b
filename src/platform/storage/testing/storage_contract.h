// What every storage adapter promises, as one suite: a test file per engine instantiates it with a Backend.
// Statements here are in the shared dialect, as the code above the port writes them.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "base/fault_point.h"
#include "base/testing/done.h"
#include "generated/example_migrations.h"
#include "platform/storage/database.h"

namespace ducat::storage {

// An empty database that a test may connect to as often as it likes.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<std::unique_ptr<Database>> open() = 0;
};
using MakeBackend = std::unique_ptr<Backend> (*)();

class StorageContract : public testing::TestWithParam<MakeBackend> {
 protected:
  static constexpr Column kColumns[] = {{"a", ColumnType::kInt64},
                                        {"b", ColumnType::kText},
                                        {"c", ColumnType::kBlob},
                                        {"d", ColumnType::kInt64}};
  static constexpr BulkTable kFailing{"things", kColumns, 2, OnConflict::kFail};
  static constexpr BulkTable kReplacing{"things", kColumns, 2, OnConflict::kReplace};
  static constexpr BulkTable kIgnoring{"things", kColumns, 2, OnConflict::kIgnore};

  void SetUp() override {
    backend_ = GetParam()();
    if (backend_ == nullptr) GTEST_SKIP() << "no server";
    auto database = backend_->open();
    ASSERT_DONE(database);
    database_ = std::move(*database);
    writer_ = connect(Access::kWriter);
    ASSERT_NE(writer_, nullptr);
    ASSERT_DONE(
        writer_->script("CREATE TABLE things (a BIGINT NOT NULL, b TEXT NOT NULL, c BYTEA, d BIGINT, "
                        "PRIMARY KEY (a, b))"));
  }

  std::unique_ptr<Connection> connect(Access access) {
    auto connection = database_->connect(access);
    if (!connection) {
      ADD_FAILURE() << connection.error().message;
      return nullptr;
    }
    return std::move(*connection);
  }

  static int64_t number(Connection& connection, std::string_view sql,
                        std::initializer_list<Value> params = {}) {
    int64_t answer = -1;
    auto done = connection.query(sql, params, [&](const Row& row) { answer = row.int64(0); });
    if (!done) ADD_FAILURE() << done.error().message;
    return answer;
  }
  static int64_t count(Connection& connection) { return number(connection, "SELECT count(*) FROM things"); }

  static void add(ColumnBatch& batch, int64_t a, std::string_view b, std::string_view c, int64_t d) {
    batch.add(a);
    batch.add(b);
    batch.add(c);
    batch.add(d);
  }

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> writer_;
};

TEST_P(StorageContract, ValuesOfEveryTypeComeBackAsTheyWent) {
  using namespace std::string_view_literals;
  const std::string large(size_t{8} << 20, '\xA5');
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::tuple<int64_t, std::string_view, std::string_view, int64_t> rows[] = {
      {kMin, "", "", kMax},
      {-1, "naïve – 三 '\"$1", "\0a\0b\0"sv, 0},
      {kMax, std::string_view(), large, kMin}};
  for (const auto& [a, b, c, d] : rows) {
    ASSERT_DONE(writer_->execute("INSERT INTO things VALUES ($1, $2, $3, $4)", {a, b, Blob{c}, d}));
  }
  size_t at = 0;
  ASSERT_DONE(writer_->query("SELECT a, b, c, d FROM things ORDER BY a", {}, [&](const Row& row) {
    const auto& [a, b, c, d] = rows[at++];
    EXPECT_EQ(row.int64(0), a);
    EXPECT_EQ(row.text(1), b);
    EXPECT_TRUE(row.blob(2) == c);
    EXPECT_EQ(row.int64(3), d);
    for (int i = 0; i < 4; i++) EXPECT_FALSE(row.is_null(i)) << i;
  }));
  EXPECT_EQ(at, 3u);
}

TEST_P(StorageContract, NullIsNeitherZeroNorEmpty) {
  ASSERT_DONE(writer_->execute("INSERT INTO things VALUES ($1, $2, $3, $4)", {1, "x", Value(), Value()}));
  ASSERT_DONE(writer_->query("SELECT c, d FROM things", {}, [](const Row& row) {
    EXPECT_TRUE(row.is_null(0));
    EXPECT_TRUE(row.is_null(1));
    EXPECT_EQ(row.blob(0), "");
    EXPECT_EQ(row.int64(1), 0);
  }));
  // The same text with other types of parameters, as an optional column has them.
  ASSERT_DONE(writer_->execute("INSERT INTO things VALUES ($1, $2, $3, $4)", {2, "x", Blob{"y"}, 7}));
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM things WHERE d IS NULL"), 1);
}

TEST_P(StorageContract, ParametersAreBoundByNumberHoweverOftenUsed) {
  int rows = 0;
  ASSERT_DONE(writer_->query("SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT), CAST($2 AS TEXT), $1 + $3",
                             {5, "five", 6}, [&](const Row& row) {
                               rows++;
                               EXPECT_EQ(row.text(0), "five");
                               EXPECT_EQ(row.int64(1), 5);
                               EXPECT_EQ(row.text(2), "five");
                               EXPECT_EQ(row.int64(3), 11);
                             }));
  EXPECT_EQ(rows, 1);
}

TEST_P(StorageContract, ExecuteCountsTheRowsItChanged) {
  ColumnBatch batch(kColumns);
  for (int64_t i = 0; i < 5; i++) add(batch, i, "x", "", i);
  ASSERT_DONE(writer_->write(kFailing, batch));
  EXPECT_EQ(writer_->execute("UPDATE things SET d = 0 WHERE a >= $1", {2}).value_or(-1), 3);
  EXPECT_EQ(writer_->execute("UPDATE things SET d = 0 WHERE a > 99").value_or(-1), 0);
  EXPECT_EQ(writer_->execute("CREATE TABLE other (x BIGINT)").value_or(-1), 0);
  EXPECT_EQ(writer_->execute("DELETE FROM things").value_or(-1), 5);
}

TEST_P(StorageContract, BulkWriteReplacesWhatIsThere) {
  ColumnBatch batch(kColumns);
  add(batch, 1, "x", "old", 1);
  add(batch, 1, "y", "old", 2);
  ASSERT_DONE(writer_->write(kReplacing, batch));
  batch.clear();
  add(batch, 1, "y", "new", 20);
  batch.add(int64_t{2});
  batch.add("");
  batch.add_null();
  batch.add_null();
  ASSERT_DONE(writer_->write(kReplacing, batch));
  EXPECT_EQ(count(*writer_), 3);
  EXPECT_EQ(number(*writer_, "SELECT d FROM things WHERE a = 1 AND b = 'x'"), 1);
  EXPECT_EQ(number(*writer_, "SELECT d FROM things WHERE a = 1 AND b = 'y'"), 20);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM things WHERE c IS NULL AND d IS NULL AND b = ''"), 1);
}

TEST_P(StorageContract, BulkWriteLeavesWhatIsThereWhenAskedTo) {
  ColumnBatch batch(kColumns);
  add(batch, 1, "x", "old", 1);
  ASSERT_DONE(writer_->write(kIgnoring, batch));
  batch.clear();
  add(batch, 1, "x", "new", 2);
  add(batch, 2, "x", "new", 3);
  add(batch, 2, "x", "again", 4);
  ASSERT_DONE(writer_->write(kIgnoring, batch));
  EXPECT_EQ(number(*writer_, "SELECT d FROM things WHERE a = 1"), 1);
  EXPECT_EQ(number(*writer_, "SELECT d FROM things WHERE a = 2"), 3);
}

TEST_P(StorageContract, BulkWriteThatMeetsAKeyWritesNothing) {
  ColumnBatch batch(kColumns);
  add(batch, 30'000, "x", "", 1);
  ASSERT_DONE(writer_->write(kFailing, batch));
  batch.clear();
  for (int64_t i = 0; i < 40'000; i++) add(batch, i, "x", "", i);
  EXPECT_FAILS(writer_->write(kFailing, batch), Errc::kConflict);
  EXPECT_EQ(count(*writer_), 1);
}

TEST_P(StorageContract, BulkWriteTakesManyRowsAndNone) {
  ColumnBatch batch(kColumns);
  ASSERT_DONE(writer_->write(kFailing, batch));
  std::vector<std::string> texts;
  for (int64_t i = 0; i < 40'000; i++) texts.push_back("text " + std::to_string(i));
  for (int64_t i = 0; i < 40'000; i++) add(batch, i, texts[static_cast<size_t>(i)], texts[0], -i);
  ASSERT_DONE(writer_->write(kFailing, batch));
  EXPECT_EQ(count(*writer_), 40'000);
  EXPECT_EQ(number(*writer_, "SELECT d FROM things WHERE b = $1", {"text 39999"}), -39'999);
}

TEST_P(StorageContract, BulkWriteOfNothingButKeysIsAnIgnore) {
  static constexpr Column kKeys[] = {{"a", ColumnType::kInt64}, {"b", ColumnType::kText}};
  static constexpr BulkTable kSet{"things", kKeys, 2, OnConflict::kReplace};
  ColumnBatch batch(kKeys);
  batch.add(int64_t{1});
  batch.add("x");
  ASSERT_DONE(writer_->write(kSet, batch));
  ASSERT_DONE(writer_->write(kSet, batch));
  EXPECT_EQ(count(*writer_), 1);
}

TEST_P(StorageContract, TransactionThatIsNotCommittedLeavesNothing) {
  ColumnBatch batch(kColumns);
  add(batch, 1, "x", "", 1);
  {
    auto transaction = Transaction::begin(*writer_);
    ASSERT_DONE(transaction);
    ASSERT_DONE(writer_->write(kFailing, batch));
    ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (2, 'y')"));
    EXPECT_EQ(count(*writer_), 2);
  }
  EXPECT_EQ(count(*writer_), 0);
  writer_->rollback();  // harmless outside
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(writer_->write(kFailing, batch));
  ASSERT_DONE(transaction->commit());
  EXPECT_EQ(count(*connect(Access::kReader)), 1);
}

TEST_P(StorageContract, ErrorSpoilsItsTransactionUntilTheRollback) {
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (2, 'x')"));
  EXPECT_FAILS(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"), Errc::kConflict);
  EXPECT_FAILS(writer_->execute("INSERT INTO things (a, b) VALUES (3, 'x')"), Errc::kInvalid);
  EXPECT_FAILS(transaction->commit(), Errc::kInvalid);
  EXPECT_EQ(count(*writer_), 1);
}

TEST_P(StorageContract, ErrorsSayWhatKindTheyAre) {
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  EXPECT_FAILS(writer_->execute("INSERT INTO things (a, b) VALUES ($1, $2)", {1, "x"}), Errc::kConflict);
  EXPECT_FAILS(writer_->execute("INSERT INTO things (a, b) VALUES (2, NULL)"), Errc::kInvalid);
  EXPECT_FAILS(writer_->execute("SELECT nonsense FROM things"), Errc::kIo);
  EXPECT_FAILS(writer_->query("SELECT 1 FROM nowhere", {}, {}), Errc::kIo);
  EXPECT_FAILS(connect(Access::kReader)->execute("DELETE FROM things"), Errc::kIo);
  EXPECT_EQ(count(*writer_), 1);
}

TEST_P(StorageContract, ReaderSeesWhatIsCommittedWhileAWriterWrites) {
  auto reader = connect(Access::kReader);
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  EXPECT_EQ(count(*reader), 0);
  ASSERT_DONE(transaction->commit());
  EXPECT_EQ(count(*reader), 1);
}

TEST_P(StorageContract, ReadersTransactionSeesOneMoment) {
  auto reader = connect(Access::kReader);
  auto moment = Transaction::begin(*reader);
  ASSERT_DONE(moment);
  EXPECT_EQ(count(*reader), 0);
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  EXPECT_EQ(count(*reader), 0);
  ASSERT_DONE(moment->commit());
  EXPECT_EQ(count(*reader), 1);
}

TEST_P(StorageContract, StatementsAreUsedAgainAndMoreThanAreKept) {
  for (int64_t i = 0; i < 2'000; i++) {
    ASSERT_EQ(number(*writer_, "SELECT $1 + 1", {i}), i + 1);
  }
  for (int64_t i = 0; i < 700; i++) {
    std::string sql = "SELECT " + std::to_string(i) + " + $1";
    ASSERT_EQ(number(*writer_, sql, {1}), i + 1);
    ASSERT_EQ(number(*writer_, sql, {2}), i + 2);
  }
}

TEST_P(StorageContract, StatementsSurviveAChangedSchema) {
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  EXPECT_EQ(number(*writer_, "SELECT a FROM things"), 1);
  ASSERT_DONE(
      writer_->script("ALTER TABLE things ADD COLUMN e BIGINT; CREATE INDEX things_d ON things (d);"));
  EXPECT_EQ(number(*writer_, "SELECT a FROM things"), 1);
}

TEST_P(StorageContract, CommitMayHaveHappenedThoughItWasReportedUnknown) {
  ArmedFault lost("storage.commit.after", [] { return Status(fail(Errc::kTimeout, "the answer was lost")); });
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  EXPECT_FAILS(transaction->commit(), Errc::kTimeout);
  EXPECT_EQ(count(*writer_), 1);
}

TEST_P(StorageContract, CommitThatFailsBeforeItIsSentIsRolledBack) {
  ArmedFault broken("storage.commit.before", [] { return Status(fail(Errc::kIo, "broken")); });
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(writer_->execute("INSERT INTO things (a, b) VALUES (1, 'x')"));
  EXPECT_FAILS(transaction->commit(), Errc::kIo);
  EXPECT_EQ(count(*writer_), 0);
}

TEST_P(StorageContract, MigrationsGoForwardAndOnlyOnce) {
  auto steps = example_migrations();
  ASSERT_EQ(steps.size(), 3u);
  ASSERT_DONE(migrate(*writer_, "example", steps.first(1)));
  EXPECT_EQ(
      number(*writer_, "SELECT count(*) FROM notes WHERE body = $1", {"first; \"quoted\" \\ $1 ]] @x@ ${y}"}),
      1);
  ASSERT_DONE(migrate(*writer_, "example", steps));
  ASSERT_DONE(migrate(*writer_, "example", steps));
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM notes"), 1);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM ducat_schema WHERE schema = 'example'"), 3);
}

TEST_P(StorageContract, MigrationRefusesADatabaseOfANewerOrAnotherBinary) {
  auto steps = example_migrations();
  ASSERT_DONE(migrate(*writer_, "example", steps));
  EXPECT_FAILS(migrate(*writer_, "example", steps.first(2)), Errc::kInvalid);
  const Migration renamed[] = {{1, "other", "SELECT 1", "SELECT 1"}};
  EXPECT_FAILS(migrate(*writer_, "example", renamed), Errc::kInvalid);
  ASSERT_DONE(migrate(*writer_, "another", renamed));
}

TEST_P(StorageContract, MigrationThatFailsLeavesTheStepBeforeIt) {
  constexpr std::string_view kGood = "CREATE TABLE one (x BIGINT)";
  constexpr std::string_view kBad = "CREATE TABLE two (x BIGINT); INSERT INTO nowhere VALUES (1)";
  const Migration steps[] = {{1, "one", kGood, kGood}, {2, "two", kBad, kBad}};
  EXPECT_FAILS(migrate(*writer_, "example", steps), Errc::kIo);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM ducat_schema"), 1);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM one"), 0);
  EXPECT_FAILS(writer_->query("SELECT 1 FROM two", {}, {}), Errc::kIo);
}

TEST_P(StorageContract, ProcessesThatMigrateTogetherShareTheWork) {
  std::vector<std::jthread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      auto database = backend_->open();
      if (!database) return;
      auto connection = (*database)->connect(Access::kWriter);
      if (connection && migrate(**connection, "example", example_migrations())) done++;
    });
  }
  threads.clear();
  EXPECT_EQ(done, 4);
  EXPECT_EQ(number(*writer_, "SELECT count(*) FROM notes"), 1);
}

}  // namespace ducat::storage
