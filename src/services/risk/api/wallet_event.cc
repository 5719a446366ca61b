// See wallet_event.h.
#include "services/risk/api/wallet_event.h"

#include <simdjson.h>

namespace ducat::risk {
namespace {

namespace ondemand = simdjson::ondemand;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Errc::kInvalid, "a wallet's event cannot be read: " + std::string(what));
}

// An absent text is empty; false for another type.
bool read_text(ondemand::object& from, std::string_view name, std::string& into) {
  ondemand::value value;
  if (from.find_field_unordered(name).get(value) != simdjson::SUCCESS) return true;
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  into = text;
  return true;
}

// The number's own digits, never a double.
bool read_amount(ondemand::object& data, Currency currency, Money& into) {
  ondemand::value value;
  if (data.find_field_unordered("amount").get(value) != simdjson::SUCCESS) return false;
  std::string_view digits = value.raw_json_token();
  while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\n')) digits.remove_suffix(1);
  auto minor = parse_minor(digits, currency);
  if (!minor || *minor <= 0) return false;
  into = {*minor, currency};
  return true;
}

struct Texts {
  std::string type, currency, timestamp, from;
};

Result<std::optional<WalletMovement>> movement_of(ondemand::object& data, Texts texts,
                                                  WalletMovement movement) {
  if (texts.type == "FUNDS_DEPOSITED") {
    // The receiver's side of a transfer: its sender's counts.
    if (!texts.from.empty()) return std::optional<WalletMovement>();
    movement.kind = MovementKind::kDeposit;
  } else if (texts.type == "FUNDS_WITHDRAWN") {
    movement.kind = movement.receiver.empty() ? MovementKind::kWithdrawal : MovementKind::kTransfer;
  } else {
    return std::optional<WalletMovement>();
  }
  if (movement.wallet_id.empty()) return unreadable("walletId is missing");
  auto at = parse_iso8601(texts.timestamp);
  if (!at) return unreadable("timestamp is not a time");
  movement.at = *at;
  auto currency = parse_currency(texts.currency);
  if (!currency) return unreadable("currency is not known");
  if (!read_amount(data, *currency, movement.amount)) return unreadable("amount is not one of its currency");
  return std::optional(std::move(movement));
}

}  // namespace

Result<std::optional<WalletMovement>> read_wallet_event(std::string_view data_json) {
  thread_local ondemand::parser parser;
  thread_local std::string padded;
  padded.assign(data_json).append(simdjson::SIMDJSON_PADDING, ' ');
  ondemand::document document;
  ondemand::object data;
  if (parser.iterate(padded.data(), data_json.size(), padded.size()).get(document) != simdjson::SUCCESS ||
      document.get_object().get(data) != simdjson::SUCCESS) {
    return unreadable("it is not a JSON object");
  }
  Texts texts;
  WalletMovement movement;
  bool well = read_text(data, "eventType", texts.type) && read_text(data, "walletId", movement.wallet_id) &&
              read_text(data, "currency", texts.currency) && read_text(data, "timestamp", texts.timestamp);
  ondemand::object metadata;
  if (well && data.find_field_unordered("metadata").get_object().get(metadata) == simdjson::SUCCESS) {
    well = read_text(metadata, "transferFrom", texts.from) &&
           read_text(metadata, "transferTo", movement.receiver);
  }
  if (!well) return unreadable("a member is not a text");
  return movement_of(data, std::move(texts), std::move(movement));
}

}  // namespace ducat::risk
