// See mapping.h.
#include "services/wallet/api/mapping.h"

#include "base/bytes.h"
#include "platform/rpc/json_text.h"

namespace ducat::wallet {
namespace {

constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

rpc::ApiError bad_field(std::string_view field, std::string_view what) {
  std::string name(field);
  return rpc::ApiError::invalid({{name, name + " " + std::string(what), "body", "value_error"}});
}

void add_member(rpc::JsonBuilder& json, std::string_view name, std::string_view value) {
  if (!value.empty()) json.key(name).text(value);
}

}  // namespace

std::expected<Decimal, rpc::ApiError> read_amount(std::string_view digits, std::string_view field) {
  auto amount = parse_decimal(digits);
  if (!amount) {
    return std::unexpected(bad_field(field, "must be a number conforming to the specified constraints"));
  }
  return *amount;
}

std::expected<std::optional<Currency>, rpc::ApiError> read_currency(bool given, std::string_view code) {
  if (!given) return std::optional<Currency>();
  auto currency = parse_currency(code);
  if (!currency) return std::unexpected(bad_field("currency", "must be a valid currency code"));
  return std::optional(*currency);
}

std::string metadata_of(const Event& event) {
  std::string text;
  rpc::JsonBuilder json(text);
  json.begin_object();
  if (!event.saga.none()) json.key("sagaId").text(event.saga.uuid.to_string());
  bool incoming = event.type == EventType::kFundsDeposited;
  add_member(json, incoming ? "transferFrom" : "transferTo", event.counterparty);
  if (!event.hold.none() && event.type != EventType::kFundsWithdrawn &&
      event.type != EventType::kTransferCompensated) {
    json.key("holdId").text(event.hold.uuid.to_string());
  }
  if (event.type == EventType::kLimitChanged) {
    json.key("kind").text(to_string(event.limit_kind));
    json.key("limit").raw(event.limit ? amount_text(*event.limit, event.currency) : "null");
  }
  add_member(json, "requestId", event.request_id);
  add_member(json, "reason", event.reason);
  json.end_object();
  return text;
}

std::string amount_text(int64_t minor, Currency currency) {
  std::string text;
  append_decimal(text, minor, currency);
  return text;
}

bool accepted(const WalletOutcome& outcome) {
  return outcome.verdict == kernel::Verdict::kAccepted || outcome.verdict == kernel::Verdict::kReplayed;
}

rpc::ApiError error_of(const WalletOutcome& outcome, std::string_view wallet_id, std::string_view receiver) {
  switch (outcome.verdict) {
    case kernel::Verdict::kRefused: {
      RenderedRefusal said = render(outcome.refusal, wallet_id, receiver);
      if (!said.is_validation)
        return rpc::ApiError::refusal(said.status, std::string(said.type), said.message, said.detail);
      return rpc::ApiError::invalid(
          {{std::string(outcome.refusal.field), said.message, "body", "value_error"}}, said.status);
    }
    case kernel::Verdict::kKeyReused:
      return rpc::ApiError::refusal(422, "IdempotencyKeyReuseError",
                                    "The idempotency key was used before with a different request");
    case kernel::Verdict::kSkipped:
      return rpc::ApiError::refusal(422, "BatchRefusedError", "Another operation of the batch was refused");
    default:
      if (outcome.still_running) {
        return rpc::ApiError::refusal(409, "RequestInProgressError",
                                      "A request with this idempotency key is still running");
      }
      rpc::ApiError error =
          rpc::ApiError::refusal(503, "ServiceUnavailableError",
                                 "The wallet cannot be changed right now; try again with the same key");
      error.retry_after = 1;
      return error;
  }
}

rpc::ApiError unreadable(const Error& error) {
  return rpc::ApiError::from(error);
}

void fill(v1::Wallet& out, std::string_view wallet_id, const Answer& answer) {
  out.set_wallet_id(std::string(wallet_id));
  if (!answer.exists) {
    out.set_balance("0");
    out.set_available("0");
    return;
  }
  const Wallet& state = answer.wallet.state;
  out.set_balance(amount_text(state.balance, state.currency));
  out.set_available(amount_text(state.available(), state.currency));
  out.set_currency(std::string(code_of(state.currency)));
  out.set_status(std::string(to_string(state.status)));
  if (state.daily_limit) out.set_daily_limit(amount_text(*state.daily_limit, state.currency));
  if (state.credit_limit != 0) out.set_credit_limit(amount_text(state.credit_limit, state.currency));
}

void fill(v1::Hold& out, std::string_view wallet_id, const HoldId& id, const Hold& hold, Currency currency) {
  out.set_hold_id(id.uuid.to_string());
  out.set_wallet_id(std::string(wallet_id));
  out.set_amount(amount_text(hold.amount, currency));
  out.set_captured(amount_text(hold.captured, currency));
  out.set_state(std::string(to_string(hold.state)));
  if (hold.expires_at) out.set_expires_at(hold.expires_at->micros);
  out.set_created_at(hold.created_at.micros);
}

void fill(v1::HistoryEntry& out, std::string_view wallet_id, const StoredEvent& stored, const Event& event) {
  out.set_id(static_cast<int64_t>(stored.position));
  out.set_wallet_id(std::string(wallet_id));
  out.set_event_type(std::string(to_string(event.type)));
  out.set_currency(std::string(code_of(event.currency)));
  if (has_amount(event.type)) out.set_amount(amount_text(event.amount, event.currency));
  if (event.type != EventType::kWalletCreated) out.set_metadata(metadata_of(event));
  out.set_created_at(stored.at.micros);
}

std::string make_cursor(Timestamp at, Position position) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.fixed64(static_cast<uint64_t>(at.micros));
  writer.fixed64(position);
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text.push_back(kBase64Url[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kBase64Url[bits << (6 - count) & 63]);
  return text;
}

std::optional<Position> read_cursor(std::string_view cursor) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char c : cursor) {
    size_t value = kBase64Url.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((count += 6) >= 8) bytes.push_back(static_cast<char>(bits >> (count -= 8)));
  }
  ByteReader reader(bytes);
  reader.fixed64();
  Position position = reader.fixed64();
  if (!reader.complete() || position == 0) return std::nullopt;
  return position;
}

}  // namespace ducat::wallet
