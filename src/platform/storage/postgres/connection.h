// A Connection over a Session that may be lost and made anew.
//
// What a lost session means: before a statement was sent, nothing: a new session is made and it goes there. A
// SELECT is asked once more. A write outside a transaction, and COMMIT, may have happened: kTimeout. Inside a
// transaction all of it is gone: kUnavailable.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "platform/storage/bulk_sql.h"
#include "platform/storage/database.h"
#include "platform/storage/postgres/postgres.h"
#include "platform/storage/postgres/session.h"

namespace ducat::storage::postgres {

// One thread at a time; outlives its Database without harm. An answer is held in memory as a whole, so long
// lists are read in pages.
class PostgresConnection final : public Connection {
 public:
  PostgresConnection(std::shared_ptr<const PostgresOptions> options, Access access, std::string database,
                     std::unique_ptr<Session> session)
      : options_(std::move(options)),
        access_(access),
        database_(std::move(database)),
        session_(std::move(session)) {}

  using Connection::execute;
  using Connection::query;
  Status query(std::string_view sql, std::span<const Value> params, const OnRow& on_row) override;
  Result<int64_t> execute(std::string_view sql, std::span<const Value> params) override;
  Status script(std::string_view sql) override;
  Status write(const BulkTable& table, const ColumnBatch& batch) override;
  Status begin() override;
  Status commit() override;
  void rollback() override;
  Dialect dialect() const override { return Dialect::kPostgres; }

 private:
  enum class Effect { kRead, kWrite };
  // Sends something on the session; sets sent_ once the server may have begun to do it.
  using Send = std::function<Result<ResultHandle>()>;

  Duration bound() const { return with_grace(*options_, options_->statement_timeout); }
  Status ready();
  Status ensure_session();
  Result<ResultHandle> guarded(Effect effect, const Send& send);
  Result<ResultHandle> run(const std::string& sql, Effect effect, Duration bound);
  Result<ResultHandle> run_statement(std::string_view sql, Effect effect);
  Result<ResultHandle> send_statement(std::string_view sql);
  Status bind(std::span<const Value> params);
  Effect effect_of(std::string_view sql) const;
  Status write_chunk(const std::string& sql, const ColumnBatch& batch, size_t first, size_t last);
  Status write_chunks(const std::string& sql, const ColumnBatch& batch);
  size_t chunk_end(const ColumnBatch& batch, size_t first) const;

  std::shared_ptr<const PostgresOptions> options_;
  Access access_;
  std::string database_;
  std::unique_ptr<Session> session_;
  std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>
      prepared_;  // of this session: name by text
  BulkCache<std::string> bulks_;
  Parameters params_;
  std::vector<std::array<char, 8>> integers_;  // the bytes params_ points to
  std::vector<std::string> arrays_;            // the same for bulk writes
  std::string key_;
  bool sent_ = false;
  bool in_transaction_ = false;
  bool spoilt_ = false;
  bool in_callback_ = false;
};

}  // namespace ducat::storage::postgres
