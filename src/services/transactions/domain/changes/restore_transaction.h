// A delete is taken back.
#pragma once

#include "services/transactions/domain/decision.h"

namespace ducat::transactions {

struct RestoreTransaction {
  TransactionId id;
};

// Refused: kNotFound (also when the retention is over), kNotDeleted.
Decision decide(const Transaction* transaction, const RestoreTransaction& command, const Context& context);

}  // namespace ducat::transactions
