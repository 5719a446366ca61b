// A command on its way through the engine, and its answer on the way back.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/engine/submission.h"
#include "services/transactions/domain/changes/create_transaction.h"
#include "services/transactions/domain/changes/delete_transaction.h"
#include "services/transactions/domain/changes/restore_transaction.h"
#include "services/transactions/domain/changes/update_transaction.h"
#include "services/transactions/domain/outcomes.h"

namespace ducat::transactions {

// Reads a transaction as its owner sees it now, in the order of the commands around it.
struct ReadTransaction {
  TransactionId id;
};

// Rolls back what is open beyond its deadline.
struct RollBackOverdue {};

using Command =
    std::variant<ReadTransaction, CreateTransaction, UpdateTransaction, DeleteTransaction, RestoreTransaction,
                 ConfirmChange, RollBackChange, RollBackOverdue, PurgeTransaction>;

// All views live as long as the operation; the caller keeps what they point to.
struct TransactionOperation final : kernel::Operation {
  Command command;
  Requester requester;        // of a read and of a change
  CorrelationId correlation;  // of a change: what its proposal is called

  // kAccepted: the transaction as it is visible now, of a read; as it is from now on, of a confirmation; as
  // it would be, of a proposal. kReplayed: as the first request with this key left it.
  TransactionRef transaction;
  std::vector<CorrelationId> rolled_back;  // RollBackOverdue, RollBackChange: what it was
  Refusal refusal;                         // kRefused

  std::string own_key;  // behind `key` of a confirmation
};

class TransactionSubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return operations.size(); }
  kernel::Operation& at(size_t index) override { return operations[index]; }
  std::vector<TransactionOperation> operations;
};

// A submission of one, without the vector.
class SingleSubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return 1; }
  kernel::Operation& at(size_t) override { return operation; }
  TransactionOperation operation;
};

}  // namespace ducat::transactions
