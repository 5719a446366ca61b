#include "sim/world/sqlite_session.h"

#include <sqlite3.h>

#include "base/check.h"

namespace ducat::sim {

SqliteSession::SqliteSession(const std::string& path) {
  code_ = sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
}

int SqliteSession::extended_code() const {
  return sqlite3_extended_errcode(db_);
}
std::string SqliteSession::message() const {
  return sqlite3_errmsg(db_);
}

int SqliteSession::exec(const std::string& sql) {
  code_ = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code_;
}

std::optional<std::string> SqliteSession::text(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  code_ = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
  if (code_ != SQLITE_OK) return std::nullopt;
  std::optional<std::string> answer;
  if (sqlite3_step(statement) == SQLITE_ROW) {
    auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, 0));
    answer.emplace();
    if (bytes != nullptr) answer->assign(bytes, static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
  }
  code_ = sqlite3_finalize(statement);
  return code_ == SQLITE_OK ? answer : std::nullopt;
}

std::optional<int64_t> SqliteSession::number(const std::string& sql) {
  auto answer = text(sql);
  return answer ? std::optional<int64_t>(std::stoll(*answer)) : std::nullopt;
}

void SqliteSession::close() {
  if (db_ == nullptr) return;
  int code = sqlite3_close(db_);
  DUCAT_CHECK(code == SQLITE_OK, "no statement is left open");
  db_ = nullptr;
}

}  // namespace ducat::sim
