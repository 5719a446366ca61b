// The wallet's promises under crashes, faults and repeats, on one to three shards: acknowledged is never
// lost, a key counts once, repeats get the first answer, tables pass production's audit, transfers between
// shards end, holds end in time, and in the end every balance is what the acknowledged commands sum up to;
// whatever the wall clock does.
#pragma once

#include "sim/scenarios/scenario.h"
#include "sim/scenarios/wallet_bugs.h"

namespace ducat::sim {

class WalletCrashes final : public Scenario {
 public:
  // `bug` is for the tests of this test.
  explicit WalletCrashes(WalletBug bug = WalletBug::kNone) : bug_(bug) {}
  std::string_view name() const override { return "wallet-crashes"; }
  Status run(World& world) override;

 private:
  WalletBug bug_;
};

}  // namespace ducat::sim
