#include "sim/scenarios/wallet_book.h"

#include "base/bytes.h"
#include "base/hash.h"

namespace ducat::sim {

namespace {

constexpr int kCents = 2;  // decimals of the default currency

std::string text_of(const wallet::Answer& answer, bool across) {
  if (across) return "transfer " + answer.saga.uuid.to_string();
  // What callers see of it; a stored answer has no more.
  return "balance " + std::to_string(answer.wallet.state.balance) + ", held " +
         std::to_string(answer.wallet.state.held) + ", hold " + answer.hold_id.uuid.to_string() +
         ", transfer " + answer.saga.uuid.to_string();
}

}  // namespace

uint64_t fingerprint_of(const WalletAsk& ask) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u8(static_cast<uint8_t>(ask.kind));
  writer.text(ask.wallet);
  writer.text(ask.to);
  writer.zigzag(ask.amount);
  writer.raw(ask.hold.uuid.bytes.data(), ask.hold.uuid.bytes.size());
  writer.zigzag(ask.expires_after.micros);
  return hash64(bytes);
}

wallet::Command command_of(const WalletAsk& ask, Timestamp now) {
  Decimal amount{ask.amount, kCents};
  switch (ask.kind) {
    case WalletAsk::Kind::kDeposit:
      return wallet::Deposit{ask.wallet, amount, std::nullopt};
    case WalletAsk::Kind::kWithdraw:
      return wallet::Withdraw{amount};
    case WalletAsk::Kind::kTransfer:
      return wallet::Transfer{ask.wallet, ask.to, amount};
    case WalletAsk::Kind::kPlaceHold: {
      std::optional<Timestamp> expires;
      if (ask.expires_after.micros > 0) expires = now + ask.expires_after;
      return wallet::PlaceHold{amount, expires};
    }
    case WalletAsk::Kind::kCaptureHold:
      return wallet::CaptureHold{ask.hold, std::nullopt};
    case WalletAsk::Kind::kVoidHold:
      return wallet::VoidHold{ask.hold};
    case WalletAsk::Kind::kFreeze:
      return wallet::FreezeWallet{"simulated"};
    case WalletAsk::Kind::kUnfreeze:
      return wallet::UnfreezeWallet{"simulated"};
    case WalletAsk::Kind::kClose:
      return wallet::CloseWallet{"simulated"};
    case WalletAsk::Kind::kDailyLimit:
      return wallet::SetDailyLimit{ask.amount == 0 ? std::nullopt : std::optional(amount), "simulated"};
    case WalletAsk::Kind::kCreditLimit:
      break;
  }
  return wallet::SetCreditLimit{amount, "simulated"};
}

Status WalletBook::acknowledged(const std::string& key, const wallet::Answer& answer, bool across) {
  WalletTold& told = told_.at(key);
  std::string text = text_of(answer, across);
  if (!told.acknowledged) {
    told.acknowledged = true;
    told.answer = text;
    apply(told.ask, answer);
  } else if (told.answer != text) {
    return fail(Errc::kCorrupt, "key " + key + " was answered [" + told.answer + "] and then [" + text + "]");
  }
  return {};
}

void WalletBook::apply(const WalletAsk& ask, const wallet::Answer& answer) {
  switch (ask.kind) {
    case WalletAsk::Kind::kDeposit:
      balances_[ask.wallet] += ask.amount;
      break;
    case WalletAsk::Kind::kWithdraw:
    case WalletAsk::Kind::kCaptureHold:
      balances_[ask.wallet] -= ask.amount;
      break;
    case WalletAsk::Kind::kTransfer:
      balances_[ask.wallet] -= ask.amount;
      balances_[ask.to] += ask.amount;
      break;
    case WalletAsk::Kind::kPlaceHold:
      holds_.push_back({ask.wallet, answer.hold_id, ask.amount});
      break;
    default:
      break;  // moves no money
  }
}

}  // namespace ducat::sim
