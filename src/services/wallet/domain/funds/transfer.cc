#include "services/wallet/domain/funds/transfer.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* from, const Wallet* to, const Transfer& command, const Context& context) {
  auto amount = transfer_amount(from, command.amount, command.from_id, command.to_id);
  if (!amount) return refuse(amount.error());
  const Wallet fresh{.currency = from->currency};
  const Wallet& receiver = to == nullptr ? fresh : *to;
  if (auto refusal = judge_currency(receiver, from->currency, 1)) return refuse(*refusal);
  if (auto refusal = judge_active(*from)) return refuse(*refusal);
  if (auto refusal = judge_active(receiver, 1)) return refuse(*refusal);
  if (auto refusal = judge_spending(*from, *amount, context.now)) return refuse(*refusal);
  if (auto refusal = judge_receiving(receiver, *amount, 1)) return refuse(*refusal);

  Decision decision;
  Event& withdrawn = decision->add(0, start(EventType::kFundsWithdrawn, *from, context));
  withdrawn.amount = *amount;
  withdrawn.saga = {context.new_id};
  withdrawn.counterparty = command.to_id;
  finish(withdrawn);
  count_spending(withdrawn, *from, *amount, context.now);

  if (to == nullptr) {
    decision->add(1, start(EventType::kWalletCreated, fresh, context)).wallet_id = command.to_id;
  }
  Event& deposited = decision->add(1, start(EventType::kFundsDeposited, receiver, context));
  deposited.amount = *amount;
  deposited.saga = {context.new_id};
  deposited.counterparty = command.from_id;
  finish(deposited);
  return decision;
}

}  // namespace ducat::wallet
