// What a transaction is, as the rules see it: versions that never change, one after the other.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"

namespace ducat::transactions {

// All zero is none.
struct TransactionId {
  Uuid uuid;
  auto operator<=>(const TransactionId&) const = default;
  bool none() const { return uuid == Uuid{}; }
};

// Names one proposed change, from the proposal over its audit record to the outcome.
struct CorrelationId {
  Uuid uuid;
  auto operator<=>(const CorrelationId&) const = default;
  bool none() const { return uuid == Uuid{}; }
};

// Stored, so the numbers never change.
enum class TransactionStatus : uint8_t {
  kPending = 1,
  kProcessing = 2,
  kCompleted = 3,
  kFailed = 4,
  kCancelled = 5,
  kRolledBack = 6,
};

// "PENDING" and so on; nothing for anything else.
std::string_view to_string(TransactionStatus status);
std::optional<TransactionStatus> parse_status(std::string_view text);

// Whether a caller may move a transaction there. The status it already has is allowed.
bool may_move(TransactionStatus from, TransactionStatus to);

// Whether transactions are made in this currency.
bool is_offered(Currency currency);

// A version of a transaction.
struct Transaction {
  TransactionId id;
  std::string user_id;  // whose it is
  Money amount;
  TransactionStatus status = TransactionStatus::kPending;
  std::optional<std::string> description;
  std::optional<std::string> metadata;  // a JSON object, as it was sent
  uint64_t version = 0;                 // 1, 2, 3 … without gaps
  Timestamp created_at;
  Timestamp updated_at;  // when this version was proposed
  std::optional<Timestamp> deleted_at;

  bool operator==(const Transaction&) const = default;
};

// Shared, because memory, rows on their way to the tables and answers hold the same version, on several
// threads, and none of them is the last one to let it go.
using TransactionRef = std::shared_ptr<const Transaction>;

// The amount as hundredths of the currency's unit, by which amounts of all offered currencies are compared.
int64_t hundredths_of(Money amount);
// The way back; `hundredths` comes from hundredths_of.
Money money_of(int64_t hundredths, Currency currency);

}  // namespace ducat::transactions
