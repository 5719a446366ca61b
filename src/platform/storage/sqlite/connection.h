// A session with a SQLite file. The bulk write is the hot path: nothing is allocated for a row.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "base/hash.h"
#include "platform/storage/bulk_sql.h"
#include "platform/storage/database.h"
#include "platform/storage/sqlite/sqlite.h"
#include "platform/storage/sqlite/statement.h"

namespace ducat::storage::sqlite {

struct CloseDb {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using DbHandle = std::unique_ptr<sqlite3, CloseDb>;

// Opens the file and applies the settings. Used for sessions and for the checkpoint's own connection.
Result<DbHandle> open_file(const SqliteOptions& options, Access access);

// One thread at a time; outlives its Database without harm. As on PostgreSQL, an error inside a transaction
// spoils it: what follows is refused until it is rolled back.
class SqliteConnection final : public Connection {
 public:
  SqliteConnection(DbHandle db, Access access, std::string file)
      : db_(std::move(db)), access_(access), file_(std::move(file)) {}

  using Connection::execute;
  using Connection::query;
  Status query(std::string_view sql, std::span<const Value> params, const OnRow& on_row) override;
  Result<int64_t> execute(std::string_view sql, std::span<const Value> params) override;
  Status script(std::string_view sql) override;
  Status write(const BulkTable& table, const ColumnBatch& batch) override;
  Status begin() override;
  Status commit() override;
  void rollback() override;
  Dialect dialect() const override { return Dialect::kSqlite; }

 private:
  Status ready();
  Result<Statement*> statement_for(std::string_view sql);
  Result<Statement*> bulk_statement_for(const BulkTable& table);
  Status step_all(Statement& statement, const OnRow* on_row, std::string_view doing);
  Status write_rows(Statement& statement, const ColumnBatch& batch, std::string_view doing);
  Status run(std::string_view sql);
  // Makes an Error of SQLite's code and spoils an open transaction.
  std::unexpected<Error> failed(int code, std::string_view doing);

  DbHandle db_;  // first: statements go before it
  Access access_;
  std::string file_;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
  Statement overflow_;
  BulkCache<Statement> bulks_;
  bool in_transaction_ = false;
  bool spoilt_ = false;
  bool in_callback_ = false;
};

}  // namespace ducat::storage::sqlite
