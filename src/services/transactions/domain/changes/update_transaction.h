// New values for some fields of a transaction.
#pragma once

#include <optional>
#include <string_view>

#include "services/transactions/domain/decision.h"

namespace ducat::transactions {

// A text that may be taken away.
using Text = std::optional<std::string_view>;

// What is not given stays.
struct UpdateTransaction {
  TransactionId id{};
  std::optional<Decimal> amount{};
  std::optional<Currency> currency{};  // an offered one
  std::optional<TransactionStatus> status{};
  std::optional<Text> description{};
  std::optional<Text> metadata{};
  std::optional<uint64_t> expected_version{};  // the caller has seen this one and means no other
};

// Refused: kNotFound, kStaleVersion, kStatusMove, kAmountTooSmall, kAmountTooPrecise (also an amount that
// does not fit a new currency).
Decision decide(const Transaction* transaction, const UpdateTransaction& command, const Context& context);

}  // namespace ducat::transactions
