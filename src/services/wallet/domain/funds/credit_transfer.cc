#include "services/wallet/domain/funds/credit_transfer.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* to, const CreditTransfer& command, const Context& context) {
  DUCAT_CHECK(command.amount.minor > 0, "only what was reserved is credited");
  const Wallet fresh{.currency = command.amount.currency};
  const Wallet& receiver = to == nullptr ? fresh : *to;
  if (auto refusal = judge_currency(receiver, command.amount.currency, 1)) return refuse(*refusal);
  if (auto refusal = judge_active(receiver, 1)) return refuse(*refusal);
  if (auto refusal = judge_receiving(receiver, command.amount.minor, 1)) return refuse(*refusal);

  Decision decision;
  if (to == nullptr) {
    decision->add(0, start(EventType::kWalletCreated, fresh, context)).wallet_id = command.to_id;
  }
  Event& deposited = decision->add(0, start(EventType::kFundsDeposited, receiver, context));
  deposited.amount = command.amount.minor;
  deposited.saga = command.saga;
  deposited.counterparty = command.from_id;
  finish(deposited);
  return decision;
}

}  // namespace ducat::wallet
