#include "services/wallet/domain/funds/deposit.h"

#include "services/wallet/domain/judging.h"

namespace ducat::wallet {

Decision decide(const Wallet* wallet, const Deposit& command, const Context& context) {
  Currency currency = command.currency.value_or(currency_of(wallet));
  auto amount = positive_amount(command.amount, currency);
  if (!amount) return refuse(amount.error());

  Decision decision;
  const Wallet fresh{.currency = currency};
  if (wallet == nullptr) {
    wallet = &fresh;
    decision->add(0, start(EventType::kWalletCreated, fresh, context)).wallet_id = command.wallet_id;
  } else if (auto refusal = judge_active(*wallet)) {
    return refuse(*refusal);
  }
  if (auto refusal = judge_currency(*wallet, currency)) return refuse(*refusal);
  if (auto refusal = judge_receiving(*wallet, *amount)) return refuse(*refusal);

  Event& deposited = decision->add(0, start(EventType::kFundsDeposited, *wallet, context));
  deposited.amount = *amount;
  finish(deposited);
  return decision;
}

}  // namespace ducat::wallet
