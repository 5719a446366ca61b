// Bare SQLite for what tests SQLite itself on the simulated machine: codes come back as they are, because
// which code a fault surfaces as is what is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

struct sqlite3;

namespace ducat::sim {

// One connection through the default VFS, which is the simulator's while a World lives. One thread.
class SqliteSession {
 public:
  explicit SqliteSession(const std::string& path);
  ~SqliteSession() { close(); }
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  // The code of opening, and after `exec` the code of that.
  int code() const { return code_; }
  int extended_code() const;
  std::string message() const;
  // Runs statements, drops their rows; answers the SQLite code.
  int exec(const std::string& sql);
  // The first column of the first row; nothing if the statement failed (see code()) or had no row.
  std::optional<int64_t> number(const std::string& sql);
  std::optional<std::string> text(const std::string& sql);
  void close();

 private:
  sqlite3* db_ = nullptr;
  int code_ = 0;
};

}  // namespace ducat::sim
