// Statements and transactions. Bulk writes are in bulk_write.cc.
#include "platform/storage/postgres/connection.h"

#include <charconv>

#include "base/check.h"
#include "base/fault_point.h"
#include "platform/storage/concat.h"
#include "platform/storage/postgres/row.h"
#include "platform/storage/postgres/wire.h"

namespace ducat::storage::postgres {
namespace {

// More texts than a program has; what comes after is prepared anew each time.
constexpr size_t kStatementsKept = 512;
constexpr size_t kLargestValue = size_t{1} << 30;  // the server's own limit is 1 GiB less a header

bool starts_with_select(std::string_view sql) {
  size_t at = sql.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return false;
  std::string_view word = sql.substr(at, 6);
  constexpr std::string_view kSelect = "select";
  return std::equal(word.begin(), word.end(), kSelect.begin(), kSelect.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

Status PostgresConnection::ready() {
  DUCAT_CHECK(!in_callback_, "a connection is not used from inside its own callback");
  if (!spoilt_) return {};
  if (session_->lost())
    return fail(Errc::kUnavailable, database_ + ": the transaction was lost with its connection");
  return fail(Errc::kInvalid, database_ + ": the transaction has failed and must be rolled back");
}

Status PostgresConnection::ensure_session() {
  if (session_->alive()) return {};
  DUCAT_ASSIGN(session_, Session::connect(*options_, access_, database_));
  prepared_.clear();
  return {};
}

Result<ResultHandle> PostgresConnection::guarded(Effect effect, const Send& send) {
  DUCAT_TRY(ready());
  if (in_transaction_) {
    auto result = send();
    if (!result) {
      spoilt_ = true;
      // However it was lost, the server rolls back what was not committed.
      if (session_->lost()) result.error().code = Errc::kUnavailable;
    }
    return result;
  }
  for (int attempt = 0;; attempt++) {
    DUCAT_TRY(ensure_session());
    sent_ = false;
    auto result = send();
    if (result || !session_->lost()) return result;
    bool harmless = !sent_ || effect == Effect::kRead;
    if (!harmless) {
      result.error().code = Errc::kTimeout;
      return result;
    }
    if (attempt > 0 || result.error().code == Errc::kTimeout) return result;
  }
}

Result<ResultHandle> PostgresConnection::run(const std::string& sql, Effect effect, Duration within) {
  return guarded(effect, [&] {
    sent_ = true;
    return session_->simple(sql, within);
  });
}

Status PostgresConnection::bind(std::span<const Value> params) {
  params_.clear();
  integers_.resize(params.size());
  for (size_t i = 0; i < params.size(); i++) {
    if (const auto* number = std::get_if<int64_t>(&params[i])) {
      put_int64(integers_[i].data(), *number);
      params_.add(kInt8, integers_[i].data(), 8);
      continue;
    }
    const auto* blob = std::get_if<Blob>(&params[i]);
    const auto* text = std::get_if<std::string_view>(&params[i]);
    if (blob == nullptr && text == nullptr) {
      params_.add(0, nullptr, 0);  // the server says of what type
      continue;
    }
    std::string_view bytes = blob != nullptr ? blob->bytes : *text;
    if (bytes.size() >= kLargestValue) return fail(Errc::kInvalid, "a value of 1 GiB or more");
    params_.add(blob != nullptr ? kBytea : kText, bytes.data() == nullptr ? "" : bytes.data(), bytes.size());
  }
  return {};
}

// Runs `sql` with params_, preparing it at first. The same text with other types is another statement.
Result<ResultHandle> PostgresConnection::send_statement(std::string_view sql) {
  key_.clear();
  for (Oid type : params_.types) key_ += concat(type, ",");
  key_ += sql;
  auto found = prepared_.find(key_);
  if (found == prepared_.end()) {
    std::string text(sql);
    if (prepared_.size() >= kStatementsKept) {
      sent_ = true;
      return session_->run_unprepared(text, params_, bound());
    }
    std::string name = concat("s", prepared_.size());
    DUCAT_TRY(session_->prepare(name, text, params_.types, bound()));
    found = prepared_.emplace(key_, std::move(name)).first;
  }
  sent_ = true;
  return session_->run_prepared(found->second, params_, sql, bound());
}

PostgresConnection::Effect PostgresConnection::effect_of(std::string_view sql) const {
  return access_ == Access::kReader || starts_with_select(sql) ? Effect::kRead : Effect::kWrite;
}

Result<ResultHandle> PostgresConnection::run_statement(std::string_view sql, Effect effect) {
  return guarded(effect, [&] { return send_statement(sql); });
}

Status PostgresConnection::query(std::string_view sql, std::span<const Value> params, const OnRow& on_row) {
  DUCAT_TRY(ready());
  DUCAT_TRY(bind(params));
  DUCAT_ASSIGN(ResultHandle result, run_statement(sql, effect_of(sql)));
  if (!on_row) return {};
  in_callback_ = true;
  int rows = PQntuples(result.get());
  for (int i = 0; i < rows; i++) on_row(PostgresRow(result.get(), i));
  in_callback_ = false;
  return {};
}

Result<int64_t> PostgresConnection::execute(std::string_view sql, std::span<const Value> params) {
  DUCAT_TRY(ready());
  DUCAT_TRY(bind(params));
  DUCAT_ASSIGN(ResultHandle result, run_statement(sql, effect_of(sql)));
  if (std::string_view(PQcmdStatus(result.get())).starts_with("SELECT")) return 0;
  std::string_view digits = PQcmdTuples(result.get());  // empty for what changes no rows
  int64_t changed = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), changed);
  return changed;
}

Status PostgresConnection::script(std::string_view sql) {
  auto set_timeout = [&](Duration timeout) -> Status {
    DUCAT_TRY(run(concat("SET statement_timeout=", timeout.micros / 1000), Effect::kRead, bound()));
    return {};
  };
  DUCAT_TRY(set_timeout(options_->script_timeout));
  auto done = run(std::string(sql), Effect::kWrite, with_grace(*options_, options_->script_timeout));
  // Inside a transaction that has failed, the rollback takes the setting back.
  if (!spoilt_) {
    Status reset = set_timeout(options_->statement_timeout);
    if (done) return reset;
  }
  if (!done) return propagate(done);
  return {};
}

Status PostgresConnection::begin() {
  DUCAT_TRY(ready());
  DUCAT_CHECK(!in_transaction_, "transactions do not nest");
  DUCAT_FAULT("storage.begin");
  // A reader sees one moment, as on SQLite.
  const char* sql = access_ == Access::kWriter ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  DUCAT_TRY(run(sql, Effect::kRead, bound()));
  in_transaction_ = true;
  return {};
}

Status PostgresConnection::commit() {
  DUCAT_CHECK(in_transaction_ && !in_callback_, "there is a transaction to commit");
  if (Status usable = ready(); !usable) {
    rollback();
    return usable;
  }
  if (FaultPoints::any_armed()) {
    if (Status armed = FaultPoints::hit("storage.commit.before"); !armed) {
      rollback();
      return armed;
    }
  }
  auto done = session_->simple("COMMIT", bound());
  in_transaction_ = false;
  if (!done) {
    if (session_->lost()) done.error().code = Errc::kTimeout;  // the answer was lost, perhaps not the commit
    return propagate(done);
  }
  if (std::string_view(PQcmdStatus(done->get())) != "COMMIT") {
    return fail(Errc::kInvalid, database_ + ": the transaction had failed, nothing was committed");
  }
  DUCAT_FAULT("storage.commit.after");
  return {};
}

void PostgresConnection::rollback() {
  DUCAT_CHECK(!in_callback_, "a connection is not used from inside its own callback");
  if (!in_transaction_) return;
  // If it cannot be sent the session is lost, and the server rolls back by itself.
  if (!session_->lost()) static_cast<void>(session_->simple("ROLLBACK", bound()));
  in_transaction_ = false;
  spoilt_ = false;
}

}  // namespace ducat::storage::postgres
