// What must always be true of wallets, as classes that watch every event and say what is broken. They run
// after every batch in tests and in the simulator, and in production when the auditor refolds the journal.
// They work from the events and the states alone and share no code with the rules they check, as far as that
// can be.
//
// Fed from the first event of a shard on (a hold they have not seen placed is a violation). They keep a small
// record of every wallet and open hold; ordered, so that the same run says the same. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"
#include "services/wallet/domain/events.h"

namespace ducat::wallet {

// One event, and the wallet's state before and after it.
struct Step {
  WalletNo wallet{};
  const Event& event;
  const Wallet& before;
  const Wallet& after;
};

// What is broken, for an operator; nothing if all is well.
using Violation = std::optional<std::string>;

class Invariant {
 public:
  virtual ~Invariant() = default;
  virtual std::string_view name() const = 0;
  // After every event, in the journal's order.
  virtual Violation after_event(const Step& step) = 0;
  // After every commit: what holds only when a batch is whole.
  virtual Violation after_commit() { return std::nullopt; }
};

// Money is neither made nor lost: per currency, wallets + world + transit = 0 after every event. The wallets'
// part is measured on their states, the other accounts' on the events' legs.
class MoneyIsConserved final : public Invariant {
 public:
  std::string_view name() const override { return "money is conserved"; }
  Violation after_event(const Step& step) override;

  struct Totals {
    Int128 wallets = 0;
    Int128 world = 0;
    Int128 transit = 0;
  };
  // So far, by currency.
  const std::map<Currency, Totals>& totals() const { return totals_; }

 private:
  std::map<Currency, Totals> totals_;
};

// In one shard without transfers to others, transit is zero after every commit: both legs are in it.
// Not one of all_invariants(): between shards it need not hold before every transfer has ended.
class TransitIsEmpty final : public Invariant {
 public:
  std::string_view name() const override { return "transit is empty"; }
  Violation after_event(const Step& step) override;
  Violation after_commit() override;

 private:
  std::map<Currency, Int128> transit_;
};

// No wallet is overdrawn: right after spending (a withdrawal, a transfer sent, a hold placed) what is left,
// balance - held, is at least -credit_limit; and nothing else makes balance - held smaller. So it can be
// below -credit_limit only where the limit was lowered later, and without credit no balance is below zero.
class NoOverdraft final : public Invariant {
 public:
  std::string_view name() const override { return "no overdraft"; }
  Violation after_event(const Step& step) override;
};

// What a wallet holds is the sum of its open holds, and every hold ends once, with all of its amount.
class HeldIsTheSumOfHolds final : public Invariant {
 public:
  std::string_view name() const override { return "held is the sum of the holds"; }
  Violation after_event(const Step& step) override;

 private:
  struct OpenHold {
    WalletNo wallet{};
    int64_t amount = 0;
  };
  struct Sum {
    int64_t amount = 0;
    uint32_t count = 0;
  };
  std::map<HoldId, OpenHold> open_;
  std::map<WalletNo, Sum> sums_;
};

// A day's spending is what its events say (withdrawals and holds, less what the holds of that day gave back),
// and right after spending it is within the daily limit.
class DailyLimitIsKept final : public Invariant {
 public:
  std::string_view name() const override { return "the daily limit is kept"; }
  Violation after_event(const Step& step) override;

 private:
  struct Day {
    int64_t number = 0;
    int64_t spent = 0;
  };
  struct Counted {
    int64_t placed_on = 0;  // the UTC day of the event
    int64_t amount = 0;
  };
  void count(const Step& step, Day& day);

  std::map<WalletNo, Day> days_;
  std::map<HoldId, Counted> holds_;
};

// Those that hold in every shard at every event.
std::vector<std::unique_ptr<Invariant>> all_invariants();

}  // namespace ducat::wallet
