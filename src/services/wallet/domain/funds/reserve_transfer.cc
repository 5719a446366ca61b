#include "services/wallet/domain/funds/reserve_transfer.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* from, const ReserveTransfer& command, const Context& context) {
  auto amount = transfer_amount(from, command.amount, command.from_id, command.to_id);
  if (!amount) return refuse(amount.error());
  if (auto refusal = judge_active(*from)) return refuse(*refusal);
  if (auto refusal = judge_spending(*from, *amount, context.now)) return refuse(*refusal);

  Decision decision;
  Event& held = decision->add(0, start(EventType::kFundsHeld, *from, context));
  held.amount = *amount;
  held.saga = {context.new_id};
  held.hold = {context.new_id};
  held.counterparty = command.to_id;
  finish(held);
  count_spending(held, *from, *amount, context.now);
  return decision;
}

}  // namespace ducat::wallet
