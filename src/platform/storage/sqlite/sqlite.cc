// Opening files, and the checkpoint that keeps the log short.
#include "platform/storage/sqlite/sqlite.h"

#include <atomic>
#include <mutex>

#include "base/fault_point.h"
#include "platform/storage/concat.h"
#include "platform/storage/sqlite/connection.h"
#include "platform/storage/sqlite/errors.h"
#include "platform/storage/sqlite/seal.h"
#include "platform/storage/sqlite/unsynced_log.h"

namespace ducat::storage {
namespace sqlite {
namespace {

constexpr int64_t kReaderCacheBytes = int64_t{8} << 20;  // the mapped file is their cache
constexpr int kCheckpointBusyMs = 200;                   // the longest a long log holds the writer up

// Statistics of its memory, which nobody reads, would cost a lock that all connections share at every
// allocation. Refused when somebody has used the library before (a VFS of the simulator's): then it is as it
// was.
void drop_memory_statistics() {
  [[maybe_unused]] static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Status run(sqlite3* db, const std::string& file, const std::string& sql, std::string* answer = nullptr) {
  DUCAT_ASSIGN(Statement statement, Statement::prepare(db, sql, false, file));
  int code = sqlite3_step(statement.handle());
  if (code == SQLITE_ROW && answer != nullptr) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.handle(), 0));
    *answer = text == nullptr ? "" : text;
  }
  while (code == SQLITE_ROW) code = sqlite3_step(statement.handle());
  if (code != SQLITE_DONE) return failure(db, code, file, sql);
  return {};
}

Status configure(sqlite3* db, const SqliteOptions& options, Access access) {
  bool writer = access == Access::kWriter;
  sqlite3_busy_timeout(db, options.busy_timeout_ms);
  sqlite3_extended_result_codes(db, 1);
  // "text" in double quotes is a name, as on PostgreSQL, and never quietly a string.
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // A checkpoint whose syncs nobody looks at: only SqliteDatabase makes any.
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);

  std::string mode;
  DUCAT_TRY(run(db, options.path, concat("PRAGMA page_size=", options.page_bytes)));
  DUCAT_TRY(run(db, options.path, "PRAGMA journal_mode=WAL", &mode));
  if (mode != "wal")
    return fail(Errc::kIo, options.path + ": the file system cannot hold a log: mode " + mode);
  int64_t cache = writer ? options.cache_bytes : std::min(options.cache_bytes, kReaderCacheBytes);
  int64_t mapped = !writer && options.vfs.empty() ? options.mmap_bytes : 0;
  for (const std::string& setting : {
           concat("synchronous=", options.synchronous_full ? "FULL" : "NORMAL"),
           std::string("wal_autocheckpoint=0"),
           concat("cache_size=-", std::max<int64_t>(cache >> 10, 64)),
           concat("mmap_size=", mapped),
           std::string("temp_store=MEMORY"),
           std::string("foreign_keys=ON"),
           std::string("secure_delete=OFF"),  // Debian's default would write zeroes over what is deleted
           std::string("case_sensitive_like=ON"),
           concat("query_only=", writer ? "OFF" : "ON"),
       }) {
    DUCAT_TRY(run(db, options.path, "PRAGMA " + setting));
  }
  return {};
}

bool is_failed_sync(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

// Thread-safe: connecting shares nothing, the checkpoint's connection has a lock. Its end moves what is left
// in the log to the file, if that can be done at once.
class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(SqliteOptions options, DbHandle keeper, int64_t page_bytes)
      : options_(std::move(options)),
        seal_(options_.path, options_.vfs),
        keeper_(std::move(keeper)),
        page_bytes_(page_bytes) {
    sqlite3_busy_timeout(keeper_.get(), kCheckpointBusyMs);
  }

  ~SqliteDatabase() override {
    // Nobody is left to be told: what fails here is found in the log, or by the broken seal, at the next
    // start.
    Log log;
    bool done = may_checkpoint() && run_checkpoint(SQLITE_CHECKPOINT_PASSIVE, &log);
    // Closing the last connection then removes the log, without a sync.
    if (done && log.pages >= 0 && log.moved == log.pages)
      sqlite3_db_config(keeper_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  }

  Result<std::unique_ptr<Connection>> connect(Access access) override {
    DUCAT_ASSIGN(DbHandle db, open_file(options_, access));
    return std::make_unique<SqliteConnection>(std::move(db), access, options_.path);
  }

  Status checkpoint() override {
    std::lock_guard lock(mutex_);
    DUCAT_TRY(may_checkpoint());
    Log log;
    DUCAT_TRY(run_checkpoint(SQLITE_CHECKPOINT_PASSIVE, &log));
    if (int64_t{log.pages} * page_bytes_ <= options_.wal_limit_bytes) return {};
    // Under steady writing the log never comes to rest and so never starts again. RESTART holds the writer up
    // for what is left, waits for readers of the old log for a moment, and gives up until the next time.
    return run_checkpoint(SQLITE_CHECKPOINT_RESTART, &log);
  }

  bool in_doubt() const override { return in_doubt_.load(); }
  Dialect dialect() const override { return Dialect::kSqlite; }
  std::string describe() const override { return "sqlite " + options_.path; }

 private:
  struct Log {
    int pages = -1;  // unknown: somebody else makes a checkpoint
    int moved = -1;
  };

  // Not while files in doubt have a seal that a power cut could bring back. (The log grows meanwhile; but a
  // disk that can neither sync nor remove a name takes no journal records either, so nothing is written.)
  Status may_checkpoint() {
    if (!in_doubt_.load() || seal_is_broken_) return {};
    DUCAT_TRY(seal_.remove());
    seal_is_broken_ = true;
    return {};
  }

  Status run_checkpoint(int mode, Log* log) {
    int code = SQLITE_OK;
    if (FaultPoints::any_armed() && !FaultPoints::hit("storage.checkpoint")) code = SQLITE_IOERR_FSYNC;
    if (code == SQLITE_OK)
      code = sqlite3_wal_checkpoint_v2(keeper_.get(), nullptr, mode, &log->pages, &log->moved);
    // Busy: another checkpoint runs, or a reader needs the old log. Later, then.
    if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY) return {};
    Status failed = failure(keeper_.get(), code, options_.path, "checkpoint");
    if (options_.synchronous_full || !is_failed_sync(code)) return failed;
    in_doubt_.store(true);
    if (Status broken = may_checkpoint(); !broken) {
      failed.error().message += "; and its seal cannot be broken yet: " + broken.error().message;
    }
    return failed;
  }

  const SqliteOptions options_;
  std::mutex mutex_;
  Seal seal_;
  std::atomic<bool> in_doubt_{false};
  bool seal_is_broken_ = false;  // durably
  DbHandle keeper_;
  int64_t page_bytes_;
};

}  // namespace

Result<DbHandle> open_file(const SqliteOptions& options, Access access) {
  drop_memory_statistics();
  // Readers open for writing too: they share the log's index. query_only keeps them from changing anything.
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(options.path.c_str(), &raw, kFlags,
                             options.vfs.empty() ? nullptr : options.vfs.c_str());
  DbHandle db(raw);
  if (code != SQLITE_OK) return failure(raw, code, options.path, "open");
  DUCAT_TRY(configure(raw, options, access));
  return db;
}

}  // namespace sqlite

namespace {

// Whoever else writes to the file waits meanwhile.
Status make_log_durable(sqlite3* keeper, const SqliteOptions& options) {
  DUCAT_TRY(sqlite::run(keeper, options.path, "BEGIN IMMEDIATE"));
  Status rewritten = sqlite::rewrite_log(options.path, options.vfs);
  DUCAT_TRY(sqlite::run(keeper, options.path, "ROLLBACK"));
  return rewritten;
}

enum class Log { kAsItIs, kDurable };

Result<std::unique_ptr<Database>> open_with(SqliteOptions options, Log log) {
  DUCAT_ASSIGN(auto keeper, sqlite::open_file(options, Access::kWriter));
  if (log == Log::kDurable) DUCAT_TRY(make_log_durable(keeper.get(), options));
  std::string page_bytes;
  DUCAT_TRY(sqlite::run(keeper.get(), options.path, "PRAGMA page_size", &page_bytes));
  int64_t bytes = std::strtoll(page_bytes.c_str(), nullptr, 10);
  return std::make_unique<sqlite::SqliteDatabase>(std::move(options), std::move(keeper), bytes);
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(SqliteOptions options) {
  return open_with(std::move(options), Log::kAsItIs);
}

Result<std::unique_ptr<Database>> open_sqlite_journal(SqliteOptions options) {
  return open_with(std::move(options), Log::kDurable);
}

Result<OpenedTables> open_sqlite_tables(SqliteOptions options) {
  sqlite::Seal seal(options.path, options.vfs);
  DUCAT_ASSIGN(bool sound, seal.stands());
  bool there = false;
  if (!sound) {
    // First the seal, for good: or a power cut could show it beside files of which only some are new.
    DUCAT_TRY(seal.remove());
    DUCAT_ASSIGN(there, seal.remove_database());
  }
  DUCAT_ASSIGN(auto database, open_sqlite(std::move(options)));
  if (!sound) DUCAT_TRY(seal.set());
  return OpenedTables{std::move(database), there};
}

}  // namespace ducat::storage
