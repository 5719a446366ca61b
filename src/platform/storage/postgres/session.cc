// Non-blocking libpq under poll(2) with a deadline.
// https://www.postgresql.org/docs/15/libpq-async.html
#include "platform/storage/postgres/session.h"

#include <poll.h>

#include <cerrno>

#include "platform/storage/concat.h"
#include "platform/storage/postgres/errors.h"

namespace ducat::storage::postgres {
namespace {

// A reader that hangs inside a transaction must not keep the server from cleaning up for ever.
constexpr Duration kReaderSilence = Duration::seconds(300);

void drop_notices(void*, const PGresult*) {}  // "relation exists, skipping" and the like: nothing to act on

std::string setup_of(const PostgresOptions& options, Access access, Session& session) {
  Duration silence = access == Access::kWriter ? options.writer_silence : kReaderSilence;
  std::string sql = concat("SET statement_timeout=", options.statement_timeout.micros / 1000,
                           ";SET idle_in_transaction_session_timeout=", silence.micros / 1000);
  // A prepared statement keeps the plan it got while its table was nearly empty, and that plan reads all of
  // it: what has an index goes by it, whatever the statistics say. The costs of a plan then mean nothing to
  // jit.
  sql += ";SET enable_seqscan=off;SET jit=off";
  if (!options.schema.empty()) sql += ";SET search_path TO " + session.quoted(options.schema);
  if (access == Access::kReader) sql += ";SET default_transaction_read_only=on";
  return sql;
}

}  // namespace

void Parameters::clear() {
  types.clear();
  values.clear();
  lengths.clear();
  formats.clear();
}

void Parameters::add(Oid type, const char* data, size_t size) {
  types.push_back(type);
  values.push_back(data);
  lengths.push_back(static_cast<int>(size));
  formats.push_back(1);
}

Result<std::unique_ptr<Session>> Session::connect(const PostgresOptions& options, Access access,
                                                  const std::string& database) {
  std::string seconds = std::to_string((options.connect_timeout.micros + 999'999) / 1'000'000);
  std::string patience = std::to_string(with_grace(options, options.statement_timeout).micros / 1000);
  // What stands before "dbname" is a default that the URL may override.
  const char* keys[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                        "dbname",           "client_encoding",  nullptr};
  const char* values[] = {seconds.c_str(),     "10",   "5",    "3", patience.c_str(), "ducat",
                          options.url.c_str(), "UTF8", nullptr};
  PGconn* raw = PQconnectdbParams(keys, values, 1);
  std::unique_ptr<Session> session(new Session(raw, database));
  if (PQstatus(raw) != CONNECTION_OK) return session->lose(Errc::kUnavailable, "cannot connect");
  PQsetNoticeReceiver(raw, drop_notices, nullptr);
  PQsetnonblocking(raw, 1);
  DUCAT_TRY(session->simple(setup_of(options, access, *session), options.statement_timeout));
  return session;
}

Session::~Session() {
  PQfinish(connection_);
}

std::unexpected<Error> Session::lose(Errc code, std::string_view why) {
  lost_ = true;
  std::string detail = PQerrorMessage(connection_);
  while (!detail.empty() && detail.back() == '\n') detail.pop_back();
  return fail(code, concat(database_, ": ", why, detail.empty() ? "" : ": ", detail));
}

bool Session::alive() {
  // A session that ended sends its last message and then the end of the stream: two reads at most.
  for (int reads = 0; !lost_ && reads < 3; reads++) {
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    if (poll(&socket, 1, 0) == 0) return true;
    if (PQconsumeInput(connection_) == 0 || PQstatus(connection_) != CONNECTION_OK) lost_ = true;
  }
  return !lost_;
}

Status Session::wait(Timestamp deadline) {
  for (;;) {
    int unsent = PQflush(connection_);
    if (unsent < 0) return lose(Errc::kUnavailable, "connection lost");
    if (unsent == 0 && PQisBusy(connection_) == 0) return {};
    int64_t left = (deadline - clock_.monotonic()).micros / 1000;
    if (left <= 0) return lose(Errc::kTimeout, "no answer in time");
    pollfd socket{PQsocket(connection_), static_cast<short>(unsent == 0 ? POLLIN : POLLIN | POLLOUT), 0};
    int ready = poll(&socket, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return lose(Errc::kUnavailable, "poll failed");
    if (ready > 0 && PQconsumeInput(connection_) == 0) return lose(Errc::kUnavailable, "connection lost");
  }
}

// Takes every result of the command: the first error, or the last answer.
Result<ResultHandle> Session::answer(int sent, std::string_view sql, Duration bound) {
  if (sent == 0) return lose(Errc::kUnavailable, "cannot send");
  Timestamp deadline = clock_.monotonic() + bound;
  ResultHandle last;
  Status first_error;
  for (;;) {
    DUCAT_TRY(wait(deadline));
    ResultHandle result(PQgetResult(connection_));
    if (result == nullptr) break;
    ExecStatusType status = PQresultStatus(result.get());
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    if (!good && first_error) {
      first_error = failure(result.get(), database_, sql);
      if (is_fatal(result.get())) lost_ = true;
    }
    last = std::move(result);
  }
  if (PQstatus(connection_) != CONNECTION_OK) return lose(Errc::kUnavailable, "connection lost");
  if (!first_error) return propagate(first_error);
  if (last == nullptr) return lose(Errc::kIo, "no answer to a statement");
  return last;
}

Result<ResultHandle> Session::simple(const std::string& sql, Duration bound) {
  return answer(PQsendQuery(connection_, sql.c_str()), sql, bound);
}

Status Session::prepare(const std::string& name, const std::string& sql, std::span<const Oid> types,
                        Duration bound) {
  int sent =
      PQsendPrepare(connection_, name.c_str(), sql.c_str(), static_cast<int>(types.size()), types.data());
  DUCAT_TRY(answer(sent, sql, bound));
  return {};
}

Result<ResultHandle> Session::run_prepared(const std::string& name, const Parameters& params,
                                           std::string_view sql, Duration bound) {
  int sent = PQsendQueryPrepared(connection_, name.c_str(), params.count(), params.values.data(),
                                 params.lengths.data(), params.formats.data(), 1);
  return answer(sent, sql, bound);
}

Result<ResultHandle> Session::run_unprepared(const std::string& sql, const Parameters& params,
                                             Duration bound) {
  int sent = PQsendQueryParams(connection_, sql.c_str(), params.count(), params.types.data(),
                               params.values.data(), params.lengths.data(), params.formats.data(), 1);
  return answer(sent, sql, bound);
}

std::string Session::quoted(const std::string& text) {
  std::string name = "\"";
  for (char c : text) name.append(c == '"' ? 2 : 1, c);
  return name + "\"";
}

}  // namespace ducat::storage::postgres
