// The databases of one test: SQLite in a directory, or schemas of a PostgreSQL server that the test program
// shares. A suite that takes a MakeBackend runs on both: x_test.cc instantiates it with SQLite, x_pgtest.cc
// with PostgreSQL.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/system.h"
#include "base/testing/done.h"
#include "base/testing/eventually.h"
#include "platform/storage/open.h"
#include "platform/storage/testing/temporary_directory.h"
#include "platform/storage/testing/temporary_postgres.h"

namespace ducat::kernel::testing {

// Databases by name, empty at first; the same name is the same database for as long as the backend lives.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual storage::StorageTarget target(const std::string& name, bool durable) = 0;

  std::unique_ptr<storage::Database> open(const std::string& name, bool durable = true) {
    auto database = storage::open(target(name, durable));
    if (!database) {
      ADD_FAILURE() << database.error().message;
      return nullptr;
    }
    return std::move(*database);
  }
};

// Null: there is no server to run this on.
using MakeBackend = std::unique_ptr<Backend> (*)();

class SqliteBackend final : public Backend {
 public:
  storage::StorageTarget target(const std::string& name, bool durable) override {
    storage::StorageTarget target;
    target.path = directory_.file(name + (durable ? ".journal.db" : ".tables.db"));
    target.durable = false;  // no test here loses power, and a sync costs more than all the rest
    return target;
  }

 private:
  storage::TemporaryDirectory directory_;
};

inline std::unique_ptr<Backend> make_sqlite() {
  return std::make_unique<SqliteBackend>();
}

// The program's server; null where none is installed.
inline storage::TemporaryPostgres* postgres() {
  static const std::unique_ptr<storage::TemporaryPostgres> shared = [] {
    std::unique_ptr<storage::TemporaryPostgres> none;
    if (!storage::TemporaryPostgres::missing().empty()) return none;
    auto started = storage::TemporaryPostgres::start({});
    if (!started) ADD_FAILURE() << started.error().message;
    return started ? std::move(*started) : std::move(none);
  }();
  return shared.get();
}

// Schemas of the program's server, new ones for each backend.
class PostgresBackend final : public Backend {
 public:
  storage::StorageTarget target(const std::string& name, bool durable) override {
    storage::StorageTarget target;
    target.type = storage::StorageTarget::Type::kPostgres;
    target.url = postgres()->url();
    target.schema = prefix_ + name;
    target.durable = durable;
    return target;
  }

 private:
  static std::string next_prefix() {
    static int number = 0;
    return "t" + std::to_string(number++) + "_";
  }
  const std::string prefix_ = next_prefix();
};

inline std::unique_ptr<Backend> make_postgres() {
  return postgres() == nullptr ? nullptr : std::make_unique<PostgresBackend>();
}

using ducat::eventually;

// A number that a statement answers; -1 if it answers none.
inline int64_t number(storage::Connection& connection, std::string_view sql,
                      std::initializer_list<storage::Value> params = {}) {
  int64_t answer = -1;
  Status done = connection.query(sql, params, [&](const storage::Row& row) { answer = row.int64(0); });
  if (!done) ADD_FAILURE() << done.error().message;
  return answer;
}

// The base of a suite that runs on either backend.
class OnBackend : public ::testing::TestWithParam<MakeBackend> {
 protected:
  void SetUp() override {
    backend_ = GetParam()();
    if (backend_ == nullptr) DUCAT_NO_POSTGRES(storage::TemporaryPostgres::missing());
  }
  // Ends every session with the server but the one that asks; harmless on SQLite.
  static void terminate_sessions(storage::Database& database) {
    auto connection = database.connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE((*connection)
                    ->query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
                            {}, {}));
  }

  std::unique_ptr<Backend> backend_;
};

}  // namespace ducat::kernel::testing
