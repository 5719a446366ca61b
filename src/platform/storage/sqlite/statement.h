// A prepared statement and its parameters by number. SQLite counts `$2, $1, $2` as named parameters in order
// of appearance; callers count by the number, so a statement remembers which is which.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "platform/storage/database.h"

namespace ducat::storage::sqlite {

// Belongs to a connection and must be gone before it. One thread.
class Statement {
 public:
  Statement() = default;
  // `keep`: it will be used often. Fails with SQLite's code; kInvalid if there is more than one statement.
  static Result<Statement> prepare(sqlite3* db, std::string_view sql, bool keep, std::string_view file);

  sqlite3_stmt* handle() const { return handle_.get(); }
  // The views of `params` must live until the statement has been reset.
  int bind(std::span<const Value> params);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  std::vector<int> numbers_;  // of SQLite's parameter i + 1: n of its $n, minus 1
  size_t needed_ = 0;
};

// Ends the statement's run, whatever came of it, so that it holds no lock or snapshot.
class ResetAfter {
 public:
  explicit ResetAfter(const Statement& statement) : handle_(statement.handle()) {}
  ~ResetAfter() { sqlite3_reset(handle_); }  // repeats the error that the step has already answered
  ResetAfter(const ResetAfter&) = delete;
  ResetAfter& operator=(const ResetAfter&) = delete;

 private:
  sqlite3_stmt* handle_;
};

// SQLite takes a null pointer for NULL, and an empty view may have one.
inline int bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  return sqlite3_bind_text64(statement, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}
inline int bind_blob(sqlite3_stmt* statement, int index, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  return sqlite3_bind_blob64(statement, index, data, bytes.size(), SQLITE_STATIC);
}

}  // namespace ducat::storage::sqlite
