// The storage contract on SQLite, and what only SQLite has: files, a log, a disk that fills.
#include "platform/storage/sqlite/sqlite.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "platform/storage/open.h"
#include "platform/storage/testing/storage_contract.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::storage {
namespace {

using testing::HasSubstr;

class SqliteBackend final : public Backend {
 public:
  explicit SqliteBackend(bool full) : full_(full) {}
  Result<std::unique_ptr<Database>> open() override {
    SqliteOptions options;
    options.path = directory_.file("test.db");
    options.synchronous_full = full_;
    return open_sqlite(std::move(options));
  }

 private:
  TemporaryDirectory directory_;
  bool full_;
};

INSTANTIATE_TEST_SUITE_P(
    Sqlite, StorageContract,
    testing::Values([]() -> std::unique_ptr<Backend> { return std::make_unique<SqliteBackend>(true); },
                    []() -> std::unique_ptr<Backend> { return std::make_unique<SqliteBackend>(false); }),
    [](const auto& made) { return made.index == 0 ? "journal" : "tables"; });

// The system's file system, but a test has a say whenever a file is synced. One at a time.
class SyncVfs {
 public:
  SyncVfs() {
    system_ = sqlite3_vfs_find(nullptr);
    vfs_ = *system_;
    vfs_.zName = name();
    vfs_.xOpen = [](sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out) {
      int code = system_->xOpen(system_, path, file, flags, out);
      if (code != SQLITE_OK) return code;
      if ((flags & SQLITE_OPEN_WAL) != 0) hook<true>(file);
      if ((flags & SQLITE_OPEN_MAIN_DB) != 0) hook<false>(file);
      return code;
    };
    vfs_.xDelete = [](sqlite3_vfs*, const char* path, int sync_directory) {
      return removals_fail ? SQLITE_IOERR_DELETE : system_->xDelete(system_, path, sync_directory);
    };
    EXPECT_EQ(sqlite3_vfs_register(&vfs_, 0), SQLITE_OK);
  }
  ~SyncVfs() {
    before_sync = nullptr;
    removals_fail = false;
    sqlite3_vfs_unregister(&vfs_);
  }
  static const char* name() { return "storage-test-sync"; }

  // Whether it is the log; answers SQLITE_OK or an error.
  static inline std::function<int(bool log)> before_sync;
  static inline bool removals_fail = false;

 private:
  template <bool kLog>
  static void hook(sqlite3_file* file) {
    static const sqlite3_io_methods* original = file->pMethods;  // the same for every file of a kind
    static sqlite3_io_methods hooked = *original;
    hooked.xSync = [](sqlite3_file* synced, int how) {
      int code = before_sync ? before_sync(kLog) : SQLITE_OK;
      return code == SQLITE_OK ? original->xSync(synced, how) : code;
    };
    file->pMethods = &hooked;
  }
  static inline sqlite3_vfs* system_ = nullptr;
  static inline sqlite3_vfs vfs_;
};

class Sqlite : public testing::Test {
 protected:
  Sqlite() { options_.path = directory_.file("test.db"); }

  void open() {
    auto database = open_sqlite(options_);
    ASSERT_DONE(database);
    database_ = std::move(*database);
    auto connection = database_->connect(Access::kWriter);
    ASSERT_DONE(connection);
    writer_ = std::move(*connection);
    ASSERT_DONE(writer_->script("CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)"));
  }
  void close() {
    writer_.reset();
    database_.reset();
  }
  Result<int64_t> insert(size_t bytes) {
    std::string data(bytes, 'x');
    return writer_->execute("INSERT INTO t (bytes) VALUES ($1)", {Blob{data}});
  }
  std::string text(std::string_view sql) {
    std::string answer;
    EXPECT_TRUE(writer_->query(sql, {}, [&](const Row& row) { answer = row.is_null(0) ? "" : row.text(0); }));
    return answer;
  }
  int64_t log_bytes() { return static_cast<int64_t>(std::filesystem::file_size(options_.path + "-wal")); }

  TemporaryDirectory directory_;
  SqliteOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> writer_;
};

TEST_F(Sqlite, FullDiskIsAnErrorOfItsOwnAndPasses) {
  open();
  ASSERT_DONE(writer_->script("PRAGMA max_page_count=20"));
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(insert(1000));
  EXPECT_FAILS(insert(200'000), Errc::kFull);
  EXPECT_FAILS(transaction->commit(), Errc::kInvalid);
  ASSERT_DONE(writer_->script("PRAGMA max_page_count=2000"));
  ASSERT_DONE(insert(200'000));
  int64_t rows = 0;
  ASSERT_DONE(writer_->query("SELECT count(*) FROM t", {}, [&](const Row& row) { rows = row.int64(0); }));
  EXPECT_EQ(rows, 1);
}

TEST_F(Sqlite, SecondWriterWaitsForItsTurnAndNoLongerThanAllowed) {
  options_.busy_timeout_ms = 20;
  open();
  auto second = std::move(*database_->connect(Access::kWriter));
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  EXPECT_FAILS(second->begin(), Errc::kUnavailable);
  ASSERT_DONE(transaction->commit());
  ASSERT_DONE(second->begin());
  second->rollback();
}

TEST_F(Sqlite, CheckpointsKeepTheLogShort) {
  options_.wal_limit_bytes = int64_t{1} << 20;
  open();
  for (int i = 0; i < 40; i++) {
    ASSERT_DONE(insert(200'000));
    ASSERT_DONE(database_->checkpoint());
  }
  EXPECT_LT(log_bytes(), options_.wal_limit_bytes * 2);
  EXPECT_GT(std::filesystem::file_size(options_.path), 40u * 200'000);
}

TEST_F(Sqlite, CheckpointDoesNotFailOrWaitLongForAReaderOfTheOldLog) {
  options_.wal_limit_bytes = 1;
  open();
  ASSERT_DONE(insert(1000));
  auto reader = std::move(*database_->connect(Access::kReader));
  ASSERT_DONE(reader->begin());
  ASSERT_DONE(reader->query("SELECT count(*) FROM t", {}, {}));
  ASSERT_DONE(insert(1000));
  ASSERT_DONE(database_->checkpoint());
  ASSERT_DONE(reader->commit());
  ASSERT_DONE(insert(1000));
}

TEST_F(Sqlite, JournalsAreSyncedAtEveryCommitAndTablesAreNot) {
  open();
  int64_t level = -1;
  auto read_level = [&](Database& database) {
    auto connection = std::move(*database.connect(Access::kWriter));
    EXPECT_TRUE(connection->query("PRAGMA synchronous", {}, [&](const Row& row) { level = row.int64(0); }));
  };
  read_level(*database_);
  EXPECT_EQ(level, 2);  // FULL
  StorageTarget tables;
  tables.path = directory_.file("tables.db");
  tables.durable = false;
  auto opened = storage::open(tables);
  ASSERT_DONE(opened);
  read_level(**opened);
  EXPECT_EQ(level, 1);  // NORMAL
  EXPECT_EQ((*opened)->describe(), "sqlite " + tables.path);
}

TEST_F(Sqlite, FileThatIsNoDatabaseIsCorruptAndNamed) {
  std::ofstream(options_.path) << std::string(8192, 'z');
  auto opened = open_sqlite(options_);
  EXPECT_FAILS(opened, Errc::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr(options_.path));
}

TEST_F(Sqlite, FileThatCannotBeMadeIsNamedWithTheReason) {
  options_.path = directory_.file("missing/test.db");
  auto opened = open_sqlite(options_);
  EXPECT_FAILS(opened, Errc::kIo);
  EXPECT_THAT(opened.error().message, HasSubstr(options_.path));
  EXPECT_THAT(opened.error().message, HasSubstr("No such file or directory"));
}

TEST_F(Sqlite, WorksOnAFileSystemGivenByName) {
  // The system's own under another name: what counts is that it is asked for, for every session.
  static int opened = 0;
  static sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs named = *system;
  named.zName = "storage-test";
  named.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    opened++;
    return system->xOpen(system, name, file, flags, out);
  };
  ASSERT_EQ(sqlite3_vfs_register(&named, 0), SQLITE_OK);
  options_.vfs = "storage-test";
  open();
  ASSERT_DONE(insert(10));
  ASSERT_DONE(database_->checkpoint());
  EXPECT_GE(opened, 4);  // file and log, twice
  close();
  sqlite3_vfs_unregister(&named);
  options_.vfs = "no-such-vfs";
  EXPECT_FALSE(open_sqlite(options_));
}

TEST_F(Sqlite, CommitWhoseSyncFailsIsUnknownAndTheNextOneWorks) {
  SyncVfs vfs;
  options_.vfs = vfs.name();
  open();
  SyncVfs::before_sync = [](bool log) { return log ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
  auto transaction = Transaction::begin(*writer_);
  ASSERT_DONE(transaction);
  ASSERT_DONE(insert(10));
  EXPECT_FAILS(transaction->commit(), Errc::kTimeout);
  EXPECT_FAILS(database_->checkpoint(), Errc::kIo);
  SyncVfs::before_sync = nullptr;
  ASSERT_DONE(insert(20));
  ASSERT_DONE(database_->checkpoint());
  int64_t bytes = 0;
  ASSERT_DONE(
      writer_->query("SELECT length(bytes) FROM t", {}, [&](const Row& row) { bytes += row.int64(0); }));
  EXPECT_EQ(bytes, 20);
  close();
}

// How a lost sync would show is tested on a simulated disk: sim/scenarios/unsynced_journal_test.cc.
TEST_F(Sqlite, JournalIsOpenedWithWhatAKilledProcessLeftInItsLog) {
  open();
  ASSERT_DONE(insert(600'000));
  std::string left = directory_.file("left.db");
  for (const char* ending : {"", "-wal"}) std::filesystem::copy_file(options_.path + ending, left + ending);
  close();
  SyncVfs vfs;
  options_.path = left;
  options_.vfs = vfs.name();
  SyncVfs::before_sync = [](bool log) { return log ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
  EXPECT_FAILS(open_sqlite_journal(options_), Errc::kIo);  // the log is not known to be durable
  SyncVfs::before_sync = nullptr;
  auto opened = open_sqlite_journal(options_);
  ASSERT_DONE(opened);
  auto connection = std::move(*(*opened)->connect(Access::kWriter));
  int64_t bytes = 0;
  ASSERT_DONE(
      connection->query("SELECT length(bytes) FROM t", {}, [&](const Row& row) { bytes += row.int64(0); }));
  EXPECT_EQ(bytes, 600'000);
}

TEST_F(Sqlite, JournalsLogIsMadeDurableOnlyWhileNobodyWritesToIt) {
  open();
  ASSERT_DONE(insert(100));
  SqliteOptions impatient = options_;
  impatient.busy_timeout_ms = 1;
  {
    auto transaction = Transaction::begin(*writer_);
    ASSERT_DONE(transaction);
    EXPECT_FAILS(open_sqlite_journal(impatient), Errc::kUnavailable);
  }
  ASSERT_DONE(open_sqlite_journal(impatient));  // the other one may have it open
  close();
}

// Tables with a row in their log, whose next checkpoint cannot sync it.
class Tables : public Sqlite {
 protected:
  void SetUp() override {
    options_.synchronous_full = false;
    options_.vfs = SyncVfs::name();
  }
  void TearDown() override { close(); }  // before the VFS goes
  bool open_tables() {
    writer_.reset();
    database_.reset();
    auto opened = open_sqlite_tables(options_);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    bool thrown_away = opened->thrown_away;
    database_ = std::move(opened->database);
    writer_ = std::move(*database_->connect(Access::kWriter));
    EXPECT_TRUE(writer_->script("CREATE TABLE IF NOT EXISTS t (bytes BLOB)"));
    return thrown_away;
  }
  int64_t rows() {
    int64_t found = -1;
    EXPECT_TRUE(writer_->query("SELECT count(*) FROM t", {}, [&](const Row& row) { found = row.int64(0); }));
    return found;
  }
  bool sealed() const { return std::filesystem::exists(options_.path + ".sound"); }
  void fail_a_checkpoint() {
    SyncVfs::before_sync = [](bool log) { return log ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
    EXPECT_FAILS(database_->checkpoint(), Errc::kIo);
    SyncVfs::before_sync = nullptr;
  }

  SyncVfs vfs_;
};

TEST_F(Tables, AreKeptAsLongAsSyncsSucceed) {
  EXPECT_FALSE(open_tables()) << "there was nothing to throw away";
  EXPECT_TRUE(sealed());
  ASSERT_DONE(insert(10));
  ASSERT_DONE(database_->checkpoint());
  EXPECT_FALSE(open_tables());
  EXPECT_EQ(rows(), 1);
}

TEST_F(Tables, AreThrownAwayByTheNextStartAfterAFailedSync) {
  open_tables();
  ASSERT_DONE(insert(10));
  fail_a_checkpoint();
  EXPECT_FALSE(sealed());
  EXPECT_TRUE(database_->in_doubt());
  EXPECT_EQ(rows(), 1) << "reading goes on";
  ASSERT_DONE(database_->checkpoint());
  EXPECT_TRUE(open_tables());
  EXPECT_EQ(rows(), 0);
  EXPECT_TRUE(sealed());
  EXPECT_FALSE(database_->in_doubt());
  EXPECT_FALSE(open_tables()) << "once is enough";
}

TEST_F(Tables, AFailedSyncOfTheLastCheckpointCountsToo) {
  open_tables();
  ASSERT_DONE(insert(10));
  SyncVfs::before_sync = [](bool log) { return log ? SQLITE_IOERR_FSYNC : SQLITE_OK; };
  close();
  SyncVfs::before_sync = nullptr;
  EXPECT_TRUE(open_tables());
}

TEST_F(Tables, WithoutASealAreNotTrusted) {
  open_tables();
  ASSERT_DONE(insert(10));
  close();
  std::filesystem::remove(options_.path + ".sound");
  EXPECT_TRUE(open_tables());
  EXPECT_EQ(rows(), 0);
}

// While the seal cannot be broken for good, the file must stay as it was before the sync failed.
TEST_F(Tables, HaveNoOtherCheckpointBeforeTheirSealIsBroken) {
  open_tables();
  ASSERT_DONE(insert(100'000));
  auto size = [&] { return std::filesystem::file_size(options_.path); };
  auto before = size();
  SyncVfs::removals_fail = true;
  fail_a_checkpoint();
  EXPECT_TRUE(sealed());
  EXPECT_FAILS(database_->checkpoint(), Errc::kIo);
  EXPECT_EQ(size(), before);
  SyncVfs::removals_fail = false;
  ASSERT_DONE(database_->checkpoint());
  EXPECT_FALSE(sealed());
  EXPECT_GT(size(), before);
}

TEST_F(Tables, OfAJournalOrALaterToolLeaveTheSealAlone) {
  open_tables();
  ASSERT_DONE(insert(10));
  ASSERT_DONE(database_->checkpoint());
  close();
  auto tool = open_sqlite(options_);
  ASSERT_DONE(tool);
  tool->reset();
  EXPECT_TRUE(sealed());
}

TEST_F(Sqlite, LogStartsAgainAlthoughTheWriterNeverRests) {
  SyncVfs vfs;
  options_.vfs = vfs.name();
  options_.wal_limit_bytes = int64_t{1} << 20;
  open();
  // The writer commits while the checkpoint syncs the file, so that there is always something left in the
  // log.
  bool writing = false;
  SyncVfs::before_sync = [&](bool log) {
    if (!log && std::exchange(writing, false)) {
      EXPECT_TRUE(insert(200'000));
    }
    return SQLITE_OK;
  };
  for (int i = 0; i < 40; i++) {
    writing = true;
    ASSERT_DONE(database_->checkpoint());
  }
  EXPECT_LT(log_bytes(), options_.wal_limit_bytes * 2);
  close();
}

TEST_F(Sqlite, LikeAndQuotesMeanWhatTheyMeanOnPostgres) {
  open();
  EXPECT_EQ(text("SELECT 'yes' WHERE 'abc' LIKE 'a%' AND NOT 'ABC' LIKE 'a%'"), "yes");
  EXPECT_FAILS(writer_->query("SELECT \"not a name\"", {}, {}), Errc::kIo);
}

TEST_F(Sqlite, TwoStatementsInOneAreRefused) {
  open();
  EXPECT_FAILS(writer_->execute("DELETE FROM t; DELETE FROM t"), Errc::kInvalid);
  ASSERT_DONE(writer_->execute("DELETE FROM t;"));
}

using SqliteDeathTest = Sqlite;

TEST_F(SqliteDeathTest, AskingAColumnForTheWrongTypeStopsTheProcess) {
  open();
  auto ask = [&] {
    static_cast<void>(writer_->query("SELECT 'text'", {}, [](const Row& row) { row.int64(0); }));
  };
  EXPECT_DEATH(ask(), "not an integer");
}

}  // namespace
}  // namespace ducat::storage
