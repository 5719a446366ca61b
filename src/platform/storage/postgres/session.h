// One connection of libpq, every wait on it bounded. Knows the protocol, not transactions: what a lost
// session means for the caller is decided in connection.cc.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/system.h"
#include "platform/storage/database.h"
#include "platform/storage/postgres/postgres.h"

namespace ducat::storage::postgres {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

// How long the client waits for what the server gives up after `timeout`.
inline Duration with_grace(const PostgresOptions& options, Duration timeout) {
  return {timeout.micros + options.grace.micros};
}

// Parameters as libpq wants them, all binary.
struct Parameters {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  void clear();
  void add(Oid type, const char* data, size_t size);  // data null: NULL
  int count() const { return static_cast<int>(values.size()); }
};

// One thread. After `lost()` it answers nothing but errors and is thrown away.
class Session {
 public:
  // Blocks for the connect timeout at most (for each address the host has).
  static Result<std::unique_ptr<Session>> connect(const PostgresOptions& options, Access access,
                                                  const std::string& database);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // False if the server has closed the session since the last call. Asks the socket, not the server.
  bool alive();
  bool lost() const { return lost_; }

  // Each blocks until the answer or for `bound`. Errors: the server's, or kUnavailable (lost on the way) or
  // kTimeout (no answer, given up); after those two the session is lost.
  Result<ResultHandle> simple(const std::string& sql, Duration bound);
  Status prepare(const std::string& name, const std::string& sql, std::span<const Oid> types, Duration bound);
  Result<ResultHandle> run_prepared(const std::string& name, const Parameters& params, std::string_view sql,
                                    Duration bound);
  Result<ResultHandle> run_unprepared(const std::string& sql, const Parameters& params, Duration bound);

  // `text` as a quoted name.
  std::string quoted(const std::string& text);

 private:
  Session(PGconn* connection, std::string database)
      : connection_(connection), database_(std::move(database)) {}
  Result<ResultHandle> answer(int sent, std::string_view sql, Duration bound);
  // Until there is a result to take or the socket has failed; kTimeout at the deadline.
  Status wait(Timestamp deadline);
  std::unexpected<Error> lose(Errc code, std::string_view why);

  PGconn* connection_;
  std::string database_;
  SystemClock clock_;
  bool lost_ = false;
};

}  // namespace ducat::storage::postgres
