// The one place that knows both engines.
#include "platform/storage/open.h"

#include "platform/storage/postgres/postgres.h"
#include "platform/storage/sqlite/sqlite.h"

namespace ducat::storage {
namespace {

constexpr int64_t kSyncedLogBytes = int64_t{64} << 20;

SqliteOptions sqlite_options(const StorageTarget& target) {
  SqliteOptions options;
  options.path = target.path;
  options.synchronous_full = target.durable;
  options.cache_bytes = target.cache_bytes;
  // A sync of bytes that are written over costs half of one that makes the file longer (ext4: no new blocks
  // to record). So a log that is synced with every commit starts again soon.
  if (target.durable) options.wal_limit_bytes = kSyncedLogBytes;
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
  return open_postgres(std::move(options));
}

Result<std::unique_ptr<Database>> open_journal(const StorageTarget& target) {
  if (target.type == StorageTarget::Type::kSqlite) return open_sqlite_journal(sqlite_options(target));
  return open(target);
}

Result<OpenedTables> open_tables(const StorageTarget& target) {
  if (target.type == StorageTarget::Type::kSqlite) return open_sqlite_tables(sqlite_options(target));
  DUCAT_ASSIGN(auto database, open(target));
  return OpenedTables{std::move(database), false};
}

}  // namespace ducat::storage
