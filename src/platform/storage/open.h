// Opens the database that the configuration names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/storage/database.h"

namespace ducat::storage {

// Where a database is. `path` counts for SQLite; `url` and `schema` for PostgreSQL.
struct StorageTarget {
  enum class Type { kSqlite, kPostgres };
  Type type = Type::kSqlite;
  std::string path;
  std::string url;
  std::string schema;
  // True for journals: a commit that was acknowledged survives a power cut. False for tables that the journal
  // can give back at the next start. Counts for SQLite, which cannot crash without us; a PostgreSQL server
  // can, and would then lack tables that a running engine takes for written, so there every commit is
  // durable.
  bool durable = true;
  int64_t cache_bytes = int64_t{32} << 20;  // SQLite's writer
};

// "sqlite" or "postgres"; kInvalid for anything else.
Result<StorageTarget::Type> parse_storage_type(std::string_view text);

// Blocks until the database has answered once, or fails with a message that names it.
Result<std::unique_ptr<Database>> open(const StorageTarget& target);

// The same for a journal, or another database that nothing else can give back: what an earlier process may
// have left unsynced is durable before anybody here sees it (SQLite). Fails while the disk does.
Result<std::unique_ptr<Database>> open_journal(const StorageTarget& target);

// The same for tables that their journal can give back, by whoever writes them: those that a failed sync has
// put in doubt are thrown away first. Nobody else has them open (SQLite); nothing of the kind happens to
// PostgreSQL's, whose server minds its syncs itself.
Result<OpenedTables> open_tables(const StorageTarget& target);

}  // namespace ducat::storage
