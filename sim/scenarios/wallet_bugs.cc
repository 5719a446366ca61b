#include "sim/scenarios/wallet_bugs.h"

#include "services/wallet/store/event_codec.h"

namespace ducat::sim {

bool BuggyWallets::decide(kernel::Operation& operation, kernel::DecideContext& context) {
  const wallet::Command& command = static_cast<wallet::WalletOperation&>(operation).command;
  if (bug_ == WalletBug::kCreditsAgain && std::holds_alternative<wallet::CreditTransfer>(command)) {
    operation.records_key = false;
  }
  bool does_nothing =
      (bug_ == WalletBug::kKeepsReservation && std::holds_alternative<wallet::CompensateTransfer>(command)) ||
      (bug_ == WalletBug::kNeverExpires && std::holds_alternative<wallet::ExpireHold>(command));
  return does_nothing || wallets_.decide(operation, context);
}

Status BuggyWallets::replay(kernel::Position position, uint64_t stream, std::string_view event,
                            Timestamp at) {
  if (bug_ != WalletBug::kForgetsLimit) return wallets_.replay(position, stream, event, at);
  DUCAT_ASSIGN(wallet::StoredEventView decoded, wallet::decode_view(event));
  if (decoded.event.type == wallet::EventType::kLimitChanged) decoded.event.limit = 0;
  std::string changed;
  wallet::encode(changed, decoded.wallet, decoded.event);
  return wallets_.replay(position, stream, changed, at);
}

}  // namespace ducat::sim
