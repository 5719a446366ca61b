// Opening: the URL is understood, the server answers, the schema is there.
#include "platform/storage/postgres/postgres.h"

#include <libpq-fe.h>

#include "platform/storage/concat.h"
#include "platform/storage/postgres/connection.h"
#include "platform/storage/postgres/wire.h"

namespace ducat::storage {
namespace postgres {
namespace {

// Thread-safe: connections share nothing but the constant options.
class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(PostgresOptions options, std::string name)
      : options_(std::make_shared<const PostgresOptions>(std::move(options))), name_(std::move(name)) {}

  Result<std::unique_ptr<Connection>> connect(Access access) override {
    DUCAT_ASSIGN(auto session, Session::connect(*options_, access, name_));
    return std::make_unique<PostgresConnection>(options_, access, name_, std::move(session));
  }
  Dialect dialect() const override { return Dialect::kPostgres; }
  Status checkpoint() override { return {}; }  // the server's own business
  std::string describe() const override { return name_; }

 private:
  std::shared_ptr<const PostgresOptions> options_;
  std::string name_;
};

// "postgres host:port/database schema x", from the URL and libpq's environment, without user and password.
Result<std::string> name_of(const PostgresOptions& options) {
  char* why = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(options.url.c_str(), &why), &PQconninfoFree);
  if (parsed == nullptr) {
    // libpq's reason may quote the URL, and that has the password.
    PQfreemem(why);
    return fail(Errc::kInvalid, "storage.url is not a PostgreSQL URL");
  }
  std::string host = "local", port, database;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; option++) {
    if (option->val == nullptr) continue;
    std::string_view key = option->keyword;
    if (key == "host") host = option->val;
    if (key == "port") port = concat(":", option->val);
    if (key == "dbname") database = concat("/", option->val);
  }
  return concat("postgres ", host, port, database, options.schema.empty() ? "" : " schema ", options.schema);
}

Result<bool> has_schema(Session& session, const PostgresOptions& options) {
  Parameters params;
  params.add(kText, options.schema.data(), options.schema.size());
  DUCAT_ASSIGN(ResultHandle found, session.run_unprepared("SELECT 1 FROM pg_namespace WHERE nspname = $1",
                                                          params, options.statement_timeout));
  return PQntuples(found.get()) > 0;
}

// Asks first, because a user who may not create schemas may well use one.
Status make_schema(Session& session, const PostgresOptions& options) {
  if (options.schema.empty()) return {};
  DUCAT_ASSIGN(bool there, has_schema(session, options));
  if (there) return {};
  auto made = session.simple("CREATE SCHEMA IF NOT EXISTS " + session.quoted(options.schema),
                             options.statement_timeout);
  if (made) return {};
  // Two processes that create it together: one meets the other's row.
  DUCAT_ASSIGN(there, has_schema(session, options));
  if (!there) return propagate(made);
  return {};
}

}  // namespace
}  // namespace postgres

Result<std::unique_ptr<Database>> open_postgres(PostgresOptions options) {
  DUCAT_ASSIGN(std::string name, postgres::name_of(options));
  DUCAT_ASSIGN(auto session, postgres::Session::connect(options, Access::kWriter, name));
  DUCAT_TRY(postgres::make_schema(*session, options));
  return std::make_unique<postgres::PostgresDatabase>(std::move(options), std::move(name));
}

}  // namespace ducat::storage
