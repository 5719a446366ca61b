// See mapping.h.
#include "services/transactions/api/mapping.h"

#include <charconv>

#include "platform/rpc/headers.h"

namespace ducat::transactions {
namespace {

// An amount as hundredths of a unit, rounded inwards: up for a lower bound, down for an upper one.
int64_t hundredths(Decimal amount, bool up) {
  int64_t value = amount.significand;
  for (int i = amount.scale; i < 2; ++i) value *= 10;  // 15 digits at most, so it fits
  int64_t divisor = 1;
  for (int i = 2; i < amount.scale; ++i) divisor *= 10;
  bool exact = value % divisor == 0;
  return value / divisor + (up && !exact ? 1 : 0);
}

Read<int64_t> read_bound(std::string_view digits, std::string_view field, bool up) {
  auto amount = parse_decimal(digits);
  if (!amount) {
    return std::unexpected(
        bad_field(field, "must be a number conforming to the specified constraints", "query"));
  }
  return hundredths(*amount, up);
}

SortBy sort_of(std::string_view text) {
  if (text == "updatedAt") return SortBy::kUpdatedAt;
  return text == "amount" ? SortBy::kAmount : SortBy::kCreatedAt;
}

rpc::ApiError coded(int status, std::string_view code, std::string message) {
  rpc::ApiError error = rpc::ApiError::of(status, std::move(message));
  error.code = code;
  return error;
}

rpc::ApiError unavailable() {
  rpc::ApiError error = rpc::ApiError::of(503, "Transactions cannot be changed right now; try again");
  error.retry_after = 1;
  return error;
}

rpc::ApiError refused(const Refusal& refusal) {
  RenderedRefusal said = render(refusal);
  if (!said.field.empty()) {
    std::string field(said.field);
    return rpc::ApiError::invalid({{field, said.message, "body", "value_error"}}, said.status);
  }
  rpc::ApiError error = coded(said.status, said.code, std::move(said.message));
  if (said.status == 503) error.retry_after = 1;
  return error;
}

}  // namespace

rpc::ApiError bad_field(std::string_view field, std::string_view what, std::string_view source) {
  std::string name(field);
  return rpc::ApiError::invalid({{name, name + " " + std::string(what), source, "value_error"}});
}

TransactionId read_id(std::string_view text) {
  auto id = Uuid::parse(text);
  return {id ? *id : Uuid{}};
}

Read<Decimal> read_amount(std::string_view digits) {
  auto amount = parse_decimal(digits);
  if (!amount) {
    return std::unexpected(bad_field("amount", "must be a number conforming to the specified constraints"));
  }
  return *amount;
}

Read<std::string> read_key(const rpc::CallContext& call, const v1::CreateTransactionRequest& request) {
  if (!request.has_idempotency_key()) return call.idempotency_key;
  auto key = rpc::parse_idempotency_key(request.idempotency_key());
  if (!key) return std::unexpected(bad_field("idempotencyKey", key.error()));
  if (!call.idempotency_key.empty() && call.idempotency_key != *key) {
    return std::unexpected(bad_field("idempotencyKey", "must equal the Idempotency-Key header"));
  }
  return *key;
}

std::optional<uint64_t> read_if_match(std::string_view header) {
  constexpr std::string_view kSpace = " \t";
  size_t first = header.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  std::string_view tag = header.substr(first, header.find_last_not_of(kSpace) - first + 1);
  if (tag == "*") return std::nullopt;
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
  uint64_t version = 0;
  auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  return error == std::errc() && end == tag.data() + tag.size() ? version : 0;
}

Read<UpdateTransaction> read_update(const v1::UpdateTransactionRequest& request, std::string_view if_match) {
  UpdateTransaction update;
  update.id = read_id(request.id());
  if (request.has_amount()) {
    Read<Decimal> amount = read_amount(request.amount());
    if (!amount) return std::unexpected(std::move(amount.error()));
    update.amount = *amount;
  }
  if (request.has_currency()) update.currency = parse_currency(request.currency());
  if (request.has_status()) update.status = parse_status(request.status());
  for (const std::string& name : request.cleared()) {
    if (name == "description") update.description.emplace();
    if (name == "metadata") update.metadata.emplace();
  }
  if (request.has_description()) update.description = request.description();
  if (request.has_metadata()) update.metadata = request.metadata();
  if (!update.amount && !update.currency && !update.status && !update.description && !update.metadata) {
    return std::unexpected(rpc::ApiError::invalid(
        {{"", "at least one of amount, currency, status, description, metadata must be given", "body",
          "missing"}}));
  }
  update.expected_version = read_if_match(if_match);
  return update;
}

Read<ListFilter> read_filter(const v1::ListTransactionsRequest& request) {
  ListFilter filter;
  if (request.has_status()) filter.status = parse_status(request.status());
  if (request.has_currency()) filter.currency = parse_currency(request.currency());
  if (request.has_min_amount()) {
    Read<int64_t> bound = read_bound(request.min_amount(), "minAmount", true);
    if (!bound) return std::unexpected(std::move(bound.error()));
    filter.min_hundredths = *bound;
  }
  if (request.has_max_amount()) {
    Read<int64_t> bound = read_bound(request.max_amount(), "maxAmount", false);
    if (!bound) return std::unexpected(std::move(bound.error()));
    filter.max_hundredths = *bound;
  }
  if (request.has_start_date()) filter.from = {request.start_date()};
  if (request.has_end_date()) filter.to = end_of(request.end_date());
  filter.sort_by = sort_of(request.sort_by());
  filter.descending = request.sort_order() != "ASC";
  filter.limit = request.limit();
  filter.offset = (int64_t{request.page()} - 1) * request.limit();
  return filter;
}

Timestamp end_of(int64_t micros) {
  return {micros % 1000 == 0 ? micros + 999 : micros};
}

void fill(v1::Transaction& out, const Transaction& transaction) {
  out.set_id(transaction.id.uuid.to_string());
  out.set_user_id(transaction.user_id);
  append_decimal(*out.mutable_amount(), transaction.amount.minor, transaction.amount.currency);
  out.set_currency(std::string(code_of(transaction.amount.currency)));
  out.set_status(std::string(to_string(transaction.status)));
  if (transaction.description) out.set_description(*transaction.description);
  if (transaction.metadata) out.set_metadata(*transaction.metadata);
  out.set_created_at(transaction.created_at.micros);
  out.set_updated_at(transaction.updated_at.micros);
}

void fill(v1::TransactionVersion& out, const StoredVersion& version) {
  const Transaction& transaction = *version.confirmed.after;
  out.set_version(static_cast<int64_t>(transaction.version));
  out.set_action(std::string(action_of(version.confirmed.change)));
  fill(*out.mutable_transaction(), transaction);
  out.set_user_id(transaction.user_id);
  out.set_correlation_id(version.confirmed.correlation.uuid.to_string());
  out.set_audit_log_id(version.confirmed.audit_log_id);
  out.set_at(version.at.micros);
}

std::string etag_of(const Transaction& transaction) {
  return "\"" + std::to_string(transaction.version) + "\"";
}

rpc::ApiError error_of(const ChangeOutcome& outcome) {
  switch (outcome.result) {
    case ChangeResult::kRefused:
      return refused(outcome.refusal);
    case ChangeResult::kKeyReused:
      return refused({.kind = RefusalKind::kKeyReused});
    case ChangeResult::kNotAudited:
      return coded(500, "DISTRIBUTED_TRANSACTION_FAILED", "Audit log creation failed or timed out");
    case ChangeResult::kStillRunning:
      return coded(409, "CONFLICT", "A change that must end first is still running");
    case ChangeResult::kDone:
    case ChangeResult::kReplayed:
    case ChangeResult::kUnavailable:
      break;
  }
  return unavailable();
}

rpc::ApiError not_found() {
  return refused({.kind = RefusalKind::kNotFound});
}

}  // namespace ducat::transactions
