// A transaction goes from every read; for a while it can be restored.
#pragma once

#include <optional>

#include "services/transactions/domain/decision.h"

namespace ducat::transactions {

struct DeleteTransaction {
  TransactionId id;
  std::optional<uint64_t> expected_version{};
};

// Refused: kNotFound, kStaleVersion.
Decision decide(const Transaction* transaction, const DeleteTransaction& command, const Context& context);

}  // namespace ducat::transactions
