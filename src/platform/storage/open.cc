// The one place that knows both engines.
#include "platform/storage/open.h"

#include "platform/storage/postgres/postgres.h"
#include "platform/storage/sqlite/sqlite.h"

namespace ducat::storage {
namespace {

SqliteOptions sqlite_options(const StorageTarget& target) {
  SqliteOptions options;
  options.path = target.path;
  options.synchronous_full = target.durable;
  options.cache_bytes = target.cache_bytes;
  return options;
}

}  // namespace

Result<StorageTarget::Type> parse_storage_type(std::string_view text) {
  if (text == "sqlite") return StorageTarget::Type::kSqlite;
  if (text == "postgres") return StorageTarget::Type::kPostgres;
  return fail(Errc::kInvalid, "storage.type is sqlite or postgres, not " + std::string(text));
}

Result<std::unique_ptr<Database>> open(const StorageTarget& target) {
  if (target.type == StorageTarget::Type::kSqlite) return open_sqlite(sqlite_options(target));
  PostgresOptions options;
  options.url = target.url;
  options.schema = target.schema;
  options.durable = target.durable;
  return open_postgres(std::move(options));
}

Result<OpenedTables> open_tables(const StorageTarget& target) {
  if (target.type == StorageTarget::Type::kSqlite) return open_sqlite_tables(sqlite_options(target));
  DUCAT_ASSIGN(auto database, open(target));
  return OpenedTables{std::move(database), false};
}

}  // namespace ducat::storage
