// SQLite's result codes as ours.
#pragma once

#include <sqlite3.h>

#include <string_view>

#include "base/result.h"

namespace ducat::storage::sqlite {

// kFull, kUnavailable (somebody else holds the lock), kConflict (a key that exists), kCorrupt, kInvalid (a
// value or a rule of the schema), else kIo. `code` may be extended. https://www.sqlite.org/rescode.html
Errc errc_of(int code);

// The connection's last error, naming the file. `db` may be null (out of memory).
std::unexpected<Error> failure(sqlite3* db, int code, std::string_view file, std::string_view doing);

}  // namespace ducat::storage::sqlite
