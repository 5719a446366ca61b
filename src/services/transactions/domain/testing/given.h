// What the tests of transactions share: short ways to say amounts, transactions and requests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/check.h"
#include "services/transactions/domain/decision.h"

namespace ducat::transactions::testing {

// 2026-03-01T12:00:00Z.
inline constexpr Timestamp kNoon{1'772'366'400'000'000};
inline constexpr Duration kDay = Duration::seconds(86'400);

inline Uuid uuid(uint8_t last) {
  Uuid id;
  id.bytes[0] = 1;
  id.bytes[15] = last;
  return id;
}
inline Decimal dec(std::string_view digits) {
  auto parsed = parse_decimal(digits);
  DUCAT_CHECK(parsed.has_value(), "a test writes numbers");
  return *parsed;
}
inline Currency currency(std::string_view code) {
  return parse_currency(code).value();
}

// A request by ann at noon.
inline Context by(std::string_view user, Timestamp now = kNoon) {
  Context context;
  context.now = now;
  context.correlation = {uuid(7)};
  context.new_id = {uuid(9)};
  context.audit_timeout = Duration::seconds(10);
  context.deleted_retention = {30 * kDay.micros};
  context.requester.user_id = user;
  context.requester.ip_address = "127.0.0.1";
  context.requester.user_agent = "test";
  return context;
}

// Ann's, 100.50 USD, version 1, as of noon.
inline Transaction of_ann() {
  Transaction transaction;
  transaction.id = {uuid(1)};
  transaction.user_id = "ann";
  transaction.amount = {10'050, Currency::kUsd};
  transaction.version = 1;
  transaction.created_at = transaction.updated_at = kNoon;
  return transaction;
}
inline Transaction with_status(TransactionStatus status) {
  Transaction transaction = of_ann();
  transaction.status = status;
  return transaction;
}
inline Transaction deleted(Timestamp at = kNoon) {
  Transaction transaction = of_ann();
  transaction.deleted_at = at;
  return transaction;
}
inline TransactionRef ref(Transaction transaction) {
  return std::make_shared<const Transaction>(std::move(transaction));
}

// "404 Transaction not found", or "proposed".
template <typename Expected>
std::string said(const Expected& decision) {
  if (decision) return "proposed";
  RenderedRefusal refusal = render(decision.error());
  return std::to_string(refusal.status) + " " + refusal.message;
}

}  // namespace ducat::transactions::testing
