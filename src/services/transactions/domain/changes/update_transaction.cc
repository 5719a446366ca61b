#include "services/transactions/domain/changes/update_transaction.h"

#include "services/transactions/domain/changes/amount.h"

namespace ducat::transactions {
namespace {

uint32_t named_fields(const UpdateTransaction& command) {
  uint32_t fields = 0;
  if (command.amount) fields |= kAmountField;
  if (command.currency) fields |= kCurrencyField;
  if (command.status) fields |= kStatusField;
  if (command.description) fields |= kDescriptionField;
  if (command.metadata) fields |= kMetadataField;
  return fields;
}

}  // namespace

Decision decide(const Transaction* transaction, const UpdateTransaction& command, const Context& context) {
  const Transaction* before = visible_to(transaction, context.requester.user_id);
  if (before == nullptr) return refuse({.kind = RefusalKind::kNotFound});
  if (command.expected_version && *command.expected_version != before->version) {
    return refuse({.kind = RefusalKind::kStaleVersion, .version = before->version});
  }
  Transaction after = *before;
  if (command.status) {
    if (!may_move(before->status, *command.status)) {
      return refuse({.kind = RefusalKind::kStatusMove, .from = before->status, .to = *command.status});
    }
    after.status = *command.status;
  }
  if (command.amount || command.currency) {
    Decimal amount =
        command.amount.value_or(Decimal{before->amount.minor, exponent_of(before->amount.currency)});
    auto judged = judge_amount(amount, command.currency.value_or(before->amount.currency));
    if (!judged) return std::unexpected(judged.error());
    after.amount = *judged;
  }
  if (command.description) after.description = *command.description;
  if (command.metadata) after.metadata = *command.metadata;
  ChangeProposed proposed = propose(Change::kUpdate, before, std::move(after), context);
  proposed.fields = named_fields(command);
  return proposed;
}

}  // namespace ducat::transactions
