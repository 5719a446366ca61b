// The embedded engine: one SQLite file in WAL mode, one writer at a time, readers beside it.
//
// Why these settings: a commit appends to the log and syncs it only where `synchronous_full` asks for it; the
// log is moved into the file by Database::checkpoint() on a connection of its own, never on the commit's path
// (wal_autocheckpoint is 0, so somebody must call it). Integers, names and LIKE behave as on PostgreSQL where
// SQLite leaves the choice. Without `synchronous_full` a sync that fails in a checkpoint breaks the file's
// seal (sqlite/seal.h), and there is no other checkpoint before that is durable. A VFS of one's own needs the
// shared-memory methods (a log has an index in memory); temporary tables never reach it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/storage/database.h"

namespace ducat::storage {

struct SqliteOptions {
  std::string path;                         // a file; its directory exists
  bool synchronous_full = true;             // FULL: a commit survives a power cut; else NORMAL: it may not
  int64_t cache_bytes = int64_t{32} << 20;  // pages a writing connection keeps
  int64_t mmap_bytes = int64_t{1} << 30;    // how much of the file readers map; 0 with a VFS of one's own
  int64_t wal_limit_bytes = int64_t{256} << 20;  // a longer log makes checkpoint() hold the writer up
  int busy_timeout_ms = 5000;                    // how long a writer waits for another one
  int page_bytes = 4096;                         // of a new file: 512 … 65536, a power of two
  std::string vfs;                               // a registered VFS by name; empty: the system's
};

// Creates the file if need be and checks that it can be used. Errors name it.
Result<std::unique_ptr<Database>> open_sqlite(SqliteOptions options);
// The same for what must be durable once somebody was told of it: what an earlier process may have left
// unsynced in its log (sqlite/unsynced_log.h) is so before anybody here sees it. Others may have it open.
Result<std::unique_ptr<Database>> open_sqlite_journal(SqliteOptions options);
// The same for tables that can be made again, see open_tables in open.h. Nobody else has them open.
Result<OpenedTables> open_sqlite_tables(SqliteOptions options);

}  // namespace ducat::storage
