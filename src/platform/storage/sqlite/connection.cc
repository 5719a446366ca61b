// Statements, transactions and the bulk write. Opening is in sqlite.cc.
#include "platform/storage/sqlite/connection.h"

#include "base/check.h"
#include "base/fault_point.h"
#include "platform/storage/concat.h"
#include "platform/storage/sqlite/errors.h"

namespace ducat::storage::sqlite {
namespace {

// More texts than a program has; what comes after is prepared anew each time.
constexpr size_t kStatementsKept = 512;

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override { return type(column) == SQLITE_NULL; }
  int64_t int64(int column) const override {
    int got = type(column);
    DUCAT_CHECK(got == SQLITE_INTEGER || got == SQLITE_NULL, "the column is not an integer");
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view text(int column) const override {
    int got = type(column);
    DUCAT_CHECK(got == SQLITE_TEXT || got == SQLITE_NULL, "the column is not text");
    return bytes(column, sqlite3_column_text(statement_, column));
  }
  std::string_view blob(int column) const override {
    int got = type(column);
    DUCAT_CHECK(got == SQLITE_BLOB || got == SQLITE_NULL, "the column is not bytes");
    return bytes(column, sqlite3_column_blob(statement_, column));
  }

 private:
  int type(int column) const {
    DUCAT_CHECK(column >= 0 && column < sqlite3_column_count(statement_), "no such column");
    return sqlite3_column_type(statement_, column);
  }
  std::string_view bytes(int column, const void* data) const {
    if (data == nullptr) return {};
    return {static_cast<const char*>(data), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  sqlite3_stmt* statement_;
};

// VALUES ($1,$2,…)
std::string places(size_t columns) {
  std::string text = "VALUES (";
  for (size_t i = 1; i <= columns; i++) text += concat(i == 1 ? "" : ",", "$", i);
  return text + ")";
}

inline int bind_cell(sqlite3_stmt* statement, int index, const ColumnBatch::Data& column, size_t row) {
  if (column.nulls[row] != 0) return sqlite3_bind_null(statement, index);
  switch (column.type) {
    case ColumnType::kInt64:
      return sqlite3_bind_int64(statement, index, column.ints[row]);
    case ColumnType::kText:
      return bind_text(statement, index, column.views[row]);
    case ColumnType::kBlob:
      return bind_blob(statement, index, column.views[row]);
  }
  return SQLITE_MISUSE;
}

}  // namespace

std::unexpected<Error> SqliteConnection::failed(int code, std::string_view doing) {
  spoilt_ = in_transaction_;
  return failure(db_.get(), code, file_, doing);
}

Status SqliteConnection::ready() {
  DUCAT_CHECK(!in_callback_, "a connection is not used from inside its own callback");
  if (spoilt_) return fail(Errc::kInvalid, file_ + ": the transaction has failed and must be rolled back");
  return {};
}

Result<Statement*> SqliteConnection::statement_for(std::string_view sql) {
  if (auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  bool keep = statements_.size() < kStatementsKept;
  auto prepared = Statement::prepare(db_.get(), sql, keep, file_);
  if (!prepared) {
    spoilt_ = in_transaction_;
    return propagate(prepared);
  }
  if (keep) return &statements_.emplace(sql, std::move(*prepared)).first->second;
  overflow_ = std::move(*prepared);
  return &overflow_;
}

Status SqliteConnection::step_all(Statement& statement, const OnRow* on_row, std::string_view doing) {
  SqliteRow row(statement.handle());
  bool wanted = on_row != nullptr && *on_row;
  for (;;) {
    int code = sqlite3_step(statement.handle());
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return failed(code, doing);
    if (!wanted) continue;
    in_callback_ = true;
    (*on_row)(row);
    in_callback_ = false;
  }
}

Status SqliteConnection::query(std::string_view sql, std::span<const Value> params, const OnRow& on_row) {
  DUCAT_TRY(ready());
  DUCAT_ASSIGN(Statement * statement, statement_for(sql));
  ResetAfter reset(*statement);
  if (int code = statement->bind(params); code != SQLITE_OK) return failed(code, sql);
  return step_all(*statement, &on_row, sql);
}

Result<int64_t> SqliteConnection::execute(std::string_view sql, std::span<const Value> params) {
  DUCAT_TRY(ready());
  DUCAT_ASSIGN(Statement * statement, statement_for(sql));
  ResetAfter reset(*statement);
  if (int code = statement->bind(params); code != SQLITE_OK) return failed(code, sql);
  // sqlite3_changes keeps the number of an earlier statement when this one changes nothing.
  int64_t before = sqlite3_total_changes64(db_.get());
  DUCAT_TRY(step_all(*statement, nullptr, sql));
  return sqlite3_total_changes64(db_.get()) == before ? 0 : sqlite3_changes64(db_.get());
}

Status SqliteConnection::script(std::string_view sql) {
  DUCAT_TRY(ready());
  std::string text(sql);
  int code = sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed(code, "script");
  return {};
}

Result<Statement*> SqliteConnection::bulk_statement_for(const BulkTable& table) {
  if (Statement* known = bulks_.find(table)) return known;
  auto prepared =
      Statement::prepare(db_.get(), bulk_insert(table, places(table.columns.size())), true, file_);
  if (!prepared) {
    spoilt_ = in_transaction_;
    return propagate(prepared);
  }
  return bulks_.add(table, std::move(*prepared));
}

Status SqliteConnection::write_rows(Statement& statement, const ColumnBatch& batch, std::string_view doing) {
  ResetAfter reset(statement);
  sqlite3_stmt* handle = statement.handle();
  const auto& columns = batch.data();
  size_t rows = batch.rows();
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < columns.size(); i++) {
      int code = bind_cell(handle, static_cast<int>(i) + 1, columns[i], row);
      if (code != SQLITE_OK) return failed(code, doing);
    }
    if (int code = sqlite3_step(handle); code != SQLITE_DONE) return failed(code, doing);
    sqlite3_reset(handle);
  }
  return {};
}

Status SqliteConnection::write(const BulkTable& table, const ColumnBatch& batch) {
  DUCAT_TRY(ready());
  DUCAT_FAULT("storage.write");
  DUCAT_CHECK(batch.data().size() == table.columns.size(), "the batch is of another table");
  DUCAT_ASSIGN(Statement * statement, bulk_statement_for(table));
  if (in_transaction_) return write_rows(*statement, batch, table.name);
  DUCAT_ASSIGN(Transaction transaction, Transaction::begin(*this));
  DUCAT_TRY(write_rows(*statement, batch, table.name));
  return transaction.commit();
}

Status SqliteConnection::run(std::string_view sql) {
  DUCAT_ASSIGN(Statement * statement, statement_for(sql));
  ResetAfter reset(*statement);
  return step_all(*statement, nullptr, sql);
}

Status SqliteConnection::begin() {
  DUCAT_TRY(ready());
  DUCAT_CHECK(!in_transaction_, "transactions do not nest");
  DUCAT_FAULT("storage.begin");
  // IMMEDIATE takes the writing place now: later it could only fail, not wait.
  DUCAT_TRY(run(access_ == Access::kWriter ? "BEGIN IMMEDIATE" : "BEGIN"));
  in_transaction_ = true;
  return {};
}

Status SqliteConnection::commit() {
  DUCAT_CHECK(in_transaction_ && !in_callback_, "there is a transaction to commit");
  if (spoilt_) {
    rollback();
    return fail(Errc::kInvalid, file_ + ": the transaction has failed, nothing was committed");
  }
  if (FaultPoints::any_armed()) {
    if (Status armed = FaultPoints::hit("storage.commit.before"); !armed) {
      rollback();
      return armed;
    }
  }
  Status done = run("COMMIT");
  if (!done) {
    // The log may hold the commit although writing or syncing it failed: a restart could find it there.
    if (done.error().code == Errc::kIo) done.error().code = Errc::kTimeout;
    rollback();
    return done;
  }
  in_transaction_ = false;
  DUCAT_FAULT("storage.commit.after");
  return {};
}

void SqliteConnection::rollback() {
  DUCAT_CHECK(!in_callback_, "a connection is not used from inside its own callback");
  if (!in_transaction_) return;
  in_transaction_ = false;
  spoilt_ = false;
  // A full disk or a failed write has rolled back already. Rolling back in WAL mode only forgets what was not
  // committed, so a failure here leaves nothing to do: the next BEGIN reports what is wrong.
  if (sqlite3_get_autocommit(db_.get()) == 0) static_cast<void>(run("ROLLBACK"));
}

}  // namespace ducat::storage::sqlite
