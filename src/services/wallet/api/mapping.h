// Between the contract's messages and the domain: amounts, times, answers, errors. No rules.
#pragma once

#include <string>
#include <string_view>

#include "ducat/wallet/v1/wallet.pb.h"
#include "platform/rpc/registry.h"
#include "platform/rpc/request_key.h"
#include "services/wallet/wallet_service.h"

namespace ducat::wallet {

// The amount in a field that the contract has checked to be a decimal number; else a 400 that names the
// field.
std::expected<Decimal, rpc::ApiError> read_amount(std::string_view digits, std::string_view field);
std::expected<std::optional<Currency>, rpc::ApiError> read_currency(bool given, std::string_view code);

// "100" of 10000 minor units of USD.
std::string amount_text(int64_t minor, Currency currency);

// An event's `metadata`, as the contract lists it for the event's type: a JSON object.
std::string metadata_of(const Event& event);

using rpc::Fingerprint;
using rpc::scoped_key;

// Why an operation was not accepted. `receiver` is the other wallet of a transfer, if any.
rpc::ApiError error_of(const WalletOutcome& outcome, std::string_view wallet_id, std::string_view receiver);
// A read that failed: 503, or 500 for what should not happen.
rpc::ApiError unreadable(const Error& error);

bool accepted(const WalletOutcome& outcome);

void fill(v1::Wallet& out, std::string_view wallet_id, const Answer& answer);
void fill(v1::Hold& out, std::string_view wallet_id, const HoldId& id, const Hold& hold, Currency currency);
void fill(v1::HistoryEntry& out, std::string_view wallet_id, const StoredEvent& stored, const Event& event);

// Opaque cursors of histories: base64url over (created_at, id).
std::string make_cursor(Timestamp at, Position position);
std::optional<Position> read_cursor(std::string_view cursor);

}  // namespace ducat::wallet
