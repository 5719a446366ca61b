// The database as the rest of Ducat sees it: SQL both engines share, with $1 parameters, and one bulk write.
// Calls block; they run on executors that are meant for it. Nothing above this folder names an engine.
//
// SQL rules: parameters are $1…$n in order of first use; integers are 64-bit; text is UTF-8; bytes are
// BLOB/BYTEA.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace ducat::storage {

enum class Dialect { kSqlite, kPostgres };

struct Blob {
  std::string_view bytes;
};

// A parameter. Views must live until the call returns.
using Value = std::variant<std::monostate, int64_t, std::string_view, Blob>;

// One row of an answer; valid only inside the callback, views too. Columns count from 0. Asking a column for
// the wrong type is a programmer's error.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual int64_t int64(int column) const = 0;          // 0 for NULL
  virtual std::string_view text(int column) const = 0;  // "" for NULL
  virtual std::string_view blob(int column) const = 0;
};

using OnRow = std::function<void(const Row&)>;

enum class ColumnType { kInt64, kText, kBlob };

struct Column {
  std::string_view name;
  ColumnType type;
};

// What a bulk write does with a row whose key is there already.
enum class OnConflict { kFail, kReplace, kIgnore };

// A table as bulk writes see it. `key` columns come first. Specs are constants beside the code that uses
// them; connections remember the statement they make of one by its address.
struct BulkTable {
  std::string_view name;
  std::span<const Column> columns;
  int key_columns = 1;
  OnConflict on_conflict = OnConflict::kFail;
};

// Rows by column, for bulk writes. Text and bytes are views into memory the caller keeps until the write is
// done. Every row gives each column once, in order. One thread.
class ColumnBatch {
 public:
  explicit ColumnBatch(std::span<const Column> columns);
  void add(int64_t value);
  void add(std::string_view text_or_bytes);
  void add_null();
  void clear();
  size_t rows() const;

  struct Data {
    ColumnType type;
    std::vector<int64_t> ints;            // kInt64
    std::vector<std::string_view> views;  // kText, kBlob
    std::vector<uint8_t> nulls;           // 1 where NULL; the slot in ints/views is then a zero
  };
  const std::vector<Data>& data() const { return data_; }

 private:
  Data& next();
  std::vector<Data> data_;
  size_t cursor_ = 0;
};

// One session with the database. Not thread-safe: one thread at a time. After a lost connection a call
// outside a transaction connects again by itself (once); inside one it fails with kUnavailable and the
// transaction is gone. Errors: kUnavailable (lost, restarting, too busy), kFull (disk), kConflict (a key that
// exists), kIo, kCorrupt.
class Connection {
 public:
  virtual ~Connection() = default;

  // Runs one statement; `on_row` may be empty and must not use this connection. Prepared and remembered by
  // text.
  virtual Status query(std::string_view sql, std::span<const Value> params, const OnRow& on_row) = 0;
  // Runs one statement and answers how many rows it changed.
  virtual Result<int64_t> execute(std::string_view sql, std::span<const Value> params) = 0;
  // Runs a script of several statements without parameters (migrations).
  virtual Status script(std::string_view sql) = 0;
  // Writes all rows of the batch or none, in as few statements as the engine can. With kReplace a key comes
  // once in a batch.
  virtual Status write(const BulkTable& table, const ColumnBatch& batch) = 0;

  // A writer's transaction takes the writing place at once (SQLite); a reader's sees one moment of the
  // database.
  virtual Status begin() = 0;
  virtual Status commit() = 0;
  virtual void rollback() = 0;  // never fails from the caller's view; harmless outside a transaction

  virtual Dialect dialect() const = 0;

  Status query(std::string_view sql, std::initializer_list<Value> params, const OnRow& on_row) {
    return query(sql, std::span(params.begin(), params.size()), on_row);
  }
  Result<int64_t> execute(std::string_view sql, std::initializer_list<Value> params = {}) {
    return execute(sql, std::span(params.begin(), params.size()));
  }
};

// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() {
    if (connection_ != nullptr) connection_->rollback();
  }
  // After a failed commit the transaction is rolled back, unless the error is kTimeout or kUnavailable: then
  // whether it happened is unknown and must be looked up.
  Status commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// What a connection is for. A writer on SQLite takes the file's one writing place.
enum class Access { kWriter, kReader };

// A database that connections are made to. Thread-safe.
class Database {
 public:
  virtual ~Database() = default;
  virtual Result<std::unique_ptr<Connection>> connect(Access access) = 0;
  virtual Dialect dialect() const = 0;
  // Moves what has been written from the log to the file, off the commit's path (SQLite); nothing on
  // PostgreSQL. Blocks; to be called from an executor of its own. Past the adapter's limit for
  // the log (SqliteOptions::wal_limit_bytes) the writer is made to wait, so that the log can start again.
  // Errors other than kUnavailable are tried again by the next call.
  virtual Status checkpoint() = 0;
  // A sync of its files has failed, and they are of the kind that can be made again: reading goes on, but
  // what a power cut would leave is not to be trusted, so the next start throws them away (`open_tables`).
  virtual bool in_doubt() const { return false; }
  // For messages and health: a file name, or host and database without the password.
  virtual std::string describe() const = 0;
};

// Tables that can be made again. `thrown_away`: what was there could not be trusted, and they are empty.
struct OpenedTables {
  std::unique_ptr<Database> database;
  bool thrown_away = false;
};

// A numbered step of the schema. The SQL is one text for both engines, or one for each.
struct Migration {
  int version;  // 1, 2, 3 … without gaps
  std::string_view name;
  std::string_view sqlite;
  std::string_view postgres;
};

// Brings `schema` (a name; one database may hold several) to the newest version, forward only, under a lock.
// A database newer than the binary is refused with kInvalid.
Status migrate(Connection& connection, std::string_view schema, std::span<const Migration> migrations);

}  // namespace ducat::storage
