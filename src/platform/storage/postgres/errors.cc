// The mapping, by class and by code.
#include "platform/storage/postgres/errors.h"

#include "platform/storage/concat.h"

namespace ducat::storage::postgres {
namespace {

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

}  // namespace

Errc errc_of(std::string_view sqlstate) {
  if (sqlstate == "23505" || sqlstate == "23P01") return Errc::kConflict;
  if (sqlstate == "53100") return Errc::kFull;
  // Lock not available, and RAISE in a trigger: a rule of the schema, as SQLite's RAISE(ABORT).
  if (sqlstate == "55P03") return Errc::kUnavailable;
  if (sqlstate == "P0001") return Errc::kInvalid;
  // The transaction has failed before.
  if (sqlstate == "25P02") return Errc::kInvalid;
  std::string_view group = sqlstate.substr(0, 2);
  if (group == "08" || group == "40" || group == "53" || group == "57") return Errc::kUnavailable;
  if (group == "22" || group == "23") return Errc::kInvalid;
  if (sqlstate == "XX001" || sqlstate == "XX002") return Errc::kCorrupt;
  return Errc::kIo;
}

std::unexpected<Error> failure(const PGresult* result, std::string_view database, std::string_view sql) {
  std::string_view sqlstate = field(result, PG_DIAG_SQLSTATE);
  // The detail would repeat values; the message names the constraint, which is enough.
  return fail(errc_of(sqlstate), concat(database, ": ", sql.substr(0, 200), ": ",
                                        field(result, PG_DIAG_MESSAGE_PRIMARY), " [", sqlstate, "]"));
}

bool is_fatal(const PGresult* result) {
  std::string_view severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

}  // namespace ducat::storage::postgres
