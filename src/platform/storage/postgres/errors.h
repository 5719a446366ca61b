// SQLSTATE as our codes. https://www.postgresql.org/docs/15/errcodes-appendix.html
#pragma once

#include <libpq-fe.h>

#include <string_view>

#include "base/result.h"

namespace ducat::storage::postgres {

// kConflict: a key that exists. kFull: the server's disk. kUnavailable: the server has not done it and may
// later (restarting, deadlock, serialization, statement timeout, too many sessions). kInvalid: a value or a
// rule of the schema. kCorrupt: damaged data. Else kIo.
Errc errc_of(std::string_view sqlstate);

// The error of a result, naming the database and the start of the statement.
std::unexpected<Error> failure(const PGresult* result, std::string_view database, std::string_view sql);

// The server ends the session with this error.
bool is_fatal(const PGresult* result);

}  // namespace ducat::storage::postgres
