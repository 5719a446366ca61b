#include "services/transactions/domain/changes/create_transaction.h"

#include "services/transactions/domain/changes/amount.h"

namespace ducat::transactions {

Decision decide(const CreateTransaction& command, const Context& context) {
  auto amount = judge_amount(command.amount, command.currency);
  if (!amount) return std::unexpected(amount.error());
  Transaction created;
  created.id = context.new_id;
  created.user_id = context.requester.user_id;
  created.amount = *amount;
  if (command.description) created.description = *command.description;
  if (command.metadata) created.metadata = *command.metadata;
  created.created_at = context.now;
  return propose(Change::kCreate, nullptr, std::move(created), context);
}

}  // namespace ducat::transactions
