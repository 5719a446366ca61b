// Between the contract's messages and the domain: amounts, filters, answers, errors. No rules.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "ducat/transactions/v1/transactions.pb.h"
#include "platform/rpc/registry.h"
#include "platform/rpc/request_key.h"
#include "services/transactions/transaction_service.h"

namespace ducat::transactions {

template <typename T>
using Read = std::expected<T, rpc::ApiError>;

// A violation of one field.
rpc::ApiError bad_field(std::string_view field, std::string_view what, std::string_view source = "body");

// The id in a field that the contract has checked to be a UUID.
TransactionId read_id(std::string_view text);
// The amount in a field that the contract has checked to be a decimal number.
Read<Decimal> read_amount(std::string_view digits);
// The key of the header and the one of the body are the same thing.
Read<std::string> read_key(const rpc::CallContext& call, const v1::CreateTransactionRequest& request);
// If-Match: the version that it names; nothing if there is none, or any version is meant. One that names
// something else matches no version: 0.
std::optional<uint64_t> read_if_match(std::string_view header);

Read<UpdateTransaction> read_update(const v1::UpdateTransactionRequest& request, std::string_view if_match);
Read<ListFilter> read_filter(const v1::ListTransactionsRequest& request);

// Times are shown to the millisecond, rounded down; so an end without microseconds means all of its
// millisecond.
Timestamp end_of(int64_t micros);

void fill(v1::Transaction& out, const Transaction& transaction);
void fill(v1::TransactionVersion& out, const StoredVersion& version);

// "\"2\"" of version 2.
std::string etag_of(const Transaction& transaction);

// Why a change was not done.
rpc::ApiError error_of(const ChangeOutcome& outcome);
rpc::ApiError not_found();

}  // namespace ducat::transactions
