// The mapping, in one switch.
#include "platform/storage/sqlite/errors.h"

#include <cstring>

#include "platform/storage/concat.h"

namespace ducat::storage::sqlite {

Errc errc_of(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Errc::kConflict;
    default:
      break;
  }
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return Errc::kFull;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::kCorrupt;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return Errc::kInvalid;
    default:
      return Errc::kIo;
  }
}

std::unexpected<Error> failure(sqlite3* db, int code, std::string_view file, std::string_view doing) {
  std::string message = concat(file, ": ", doing, ": ", db == nullptr ? "out of memory" : sqlite3_errmsg(db));
  int system_error = db == nullptr ? 0 : sqlite3_system_errno(db);
  int primary = code & 0xFF;
  if (system_error != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
    message += concat(" (", std::strerror(system_error), ")");
  }
  return fail(errc_of(code), concat(message, " [sqlite ", code, "]"));
}

}  // namespace ducat::storage::sqlite
