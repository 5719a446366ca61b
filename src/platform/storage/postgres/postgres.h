// The server engine, over libpq. Every wait has a bound: connecting, a statement (the server gives it up),
// and a call as a whole (the client gives it up and drops the connection), so no call blocks for ever.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "platform/storage/database.h"

namespace ducat::storage {

struct PostgresOptions {
  std::string url;  // postgresql://user:password@host:port/database?… or a keyword string, as libpq reads it
  std::string schema;  // made if missing, and the only one searched; empty: the server's default
  Duration connect_timeout = Duration::seconds(5);
  Duration statement_timeout = Duration::seconds(30);  // then kUnavailable: the server has not done it
  Duration script_timeout = Duration::seconds(600);    // the same for script(): migrations
  // Past a statement's bound by this much the connection is given up: then kTimeout, the outcome is unknown.
  Duration grace = Duration::seconds(5);
  // A writer that is silent within a transaction for longer (a process that was paused) loses it, so that its
  // locks do not keep a new leader out.
  Duration writer_silence = Duration::seconds(5);
  size_t bulk_rows = 16'384;  // rows in one statement of a bulk write
};

// Connects once, makes the schema, and fails with a message that names host and database, not the password.
Result<std::unique_ptr<Database>> open_postgres(PostgresOptions options);

}  // namespace ducat::storage
