// What the wallets' clients asked for and were told: an account of every wallet that owes nothing to the code
// under test. Each key has an effect once, when it is known to have been accepted; the balances follow by
// addition.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "services/wallet/wallet_service.h"

namespace ducat::sim {

// A command as its client remembers it. Amounts are cents.
struct WalletAsk {
  enum class Kind {
    kDeposit,
    kWithdraw,
    kTransfer,
    kPlaceHold,
    kCaptureHold,
    kVoidHold,
    kFreeze,
    kUnfreeze,
    kClose,
    kDailyLimit,
    kCreditLimit
  };
  Kind kind = Kind::kDeposit;
  std::string wallet;
  std::string to;            // kTransfer
  int64_t amount = 0;        // kCaptureHold: the hold's, all of which is captured; kDailyLimit: 0 is none
  wallet::HoldId hold;       // kCaptureHold, kVoidHold
  Duration expires_after{};  // kPlaceHold; zero: never
  bool operator==(const WalletAsk&) const = default;
};

uint64_t fingerprint_of(const WalletAsk& ask);
// The command; its views are the ask's.
wallet::Command command_of(const WalletAsk& ask, Timestamp now);

struct WalletTold {
  WalletAsk ask;
  Timestamp sent_at;  // the wall clock's latest by then, at the first time
  bool acknowledged = false;
  std::string answer;  // comparable text
};

struct PlacedHold {
  std::string wallet;
  wallet::HoldId id;
  int64_t amount = 0;
};

// Survives crashes. One thread. Errors are broken promises.
class WalletBook {
 public:
  void sent(const std::string& key, const WalletAsk& ask, Timestamp at = {}) {
    told_.try_emplace(key, WalletTold{ask, at, false, {}});
  }
  // The latest the wall clock has shown: what has been true of a key's age stays true.
  Timestamp latest = {};
  // Accepted or replayed; `across` shards, where a repeat tells only which transfer it was.
  Status acknowledged(const std::string& key, const wallet::Answer& answer, bool across);

  const std::map<std::string, WalletTold>& told() const { return told_; }
  const std::map<std::string, int64_t>& balances() const { return balances_; }
  const std::vector<PlacedHold>& holds() const { return holds_; }

 private:
  void apply(const WalletAsk& ask, const wallet::Answer& answer);

  std::map<std::string, WalletTold> told_;
  std::map<std::string, int64_t> balances_;
  std::vector<PlacedHold> holds_;
};

}  // namespace ducat::sim
