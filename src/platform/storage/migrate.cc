// Migrations: each step in a transaction of its own that also records it, under a lock, so that processes
// which start together share the work and a crash leaves a whole number of steps.

#include "base/check.h"
#include "platform/storage/concat.h"
#include "platform/storage/database.h"

namespace ducat::storage {
namespace {

constexpr std::string_view kCreateTable =
    "CREATE TABLE IF NOT EXISTS ducat_schema ("
    "schema TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, applied_at TEXT NOT NULL, "
    "PRIMARY KEY (schema, version))";
constexpr std::string_view kApplied =
    "SELECT version, name FROM ducat_schema WHERE schema = $1 ORDER BY version";
// The time is the database's own: it is for people, nothing depends on it.
constexpr std::string_view kRecord =
    "INSERT INTO ducat_schema (schema, version, name, applied_at) "
    "VALUES ($1, $2, $3, CAST(CURRENT_TIMESTAMP AS TEXT))";
// Freed with its transaction. On SQLite a writer's BEGIN is the lock already.
constexpr std::string_view kLockPostgres = "SELECT pg_advisory_xact_lock($1)";
constexpr int64_t kLockNumber = 0x6475636174;  // "ducat"

// How many of the steps the database has; refuses one that is not an earlier state of these.
Result<size_t> applied_steps(Connection& connection, std::string_view schema,
                             std::span<const Migration> migrations) {
  size_t count = 0;
  Status fits;
  DUCAT_TRY(connection.query(kApplied, {schema}, [&](const Row& row) {
    if (!fits) return;
    int64_t version = row.int64(0);
    if (count >= migrations.size()) {
      fits = fail(Errc::kInvalid, concat("schema ", schema, " has version ", version, ", this binary knows ",
                                         migrations.size(), " only: use a newer binary"));
    } else if (migrations[count].version != version || migrations[count].name != row.text(1)) {
      fits = fail(Errc::kInvalid, concat("schema ", schema, " has migration ", version, " \"", row.text(1),
                                         "\" where this binary has ", migrations[count].version, " \"",
                                         migrations[count].name, "\""));
    }
    count++;
  }));
  DUCAT_TRY(fits);
  return count;
}

// Applies the next step if there is one; answers whether there was.
Result<bool> apply_next(Connection& connection, std::string_view schema,
                        std::span<const Migration> migrations) {
  DUCAT_ASSIGN(Transaction transaction, Transaction::begin(connection));
  bool postgres = connection.dialect() == Dialect::kPostgres;
  if (postgres) DUCAT_TRY(connection.query(kLockPostgres, {kLockNumber}, {}));
  DUCAT_TRY(connection.script(kCreateTable));
  DUCAT_ASSIGN(size_t applied, applied_steps(connection, schema, migrations));
  bool more = applied < migrations.size();
  if (more) {
    const Migration& step = migrations[applied];
    if (auto done = connection.script(postgres ? step.postgres : step.sqlite); !done) {
      return fail(done.error().code, concat("migration ", step.version, " \"", step.name, "\" of schema ",
                                            schema, ": ", done.error().message));
    }
    DUCAT_TRY(connection.execute(kRecord, {schema, int64_t{step.version}, step.name}));
  }
  DUCAT_TRY(transaction.commit());
  return more;
}

}  // namespace

Status migrate(Connection& connection, std::string_view schema, std::span<const Migration> migrations) {
  int expected = 1;
  for (const Migration& step : migrations) {
    DUCAT_CHECK(step.version == expected++, "migrations are numbered 1, 2, 3 … without gaps");
  }
  for (bool more = true; more;) {
    auto applied = apply_next(connection, schema, migrations);
    if (!applied) return propagate(applied);
    more = *applied;
  }
  return {};
}

}  // namespace ducat::storage
