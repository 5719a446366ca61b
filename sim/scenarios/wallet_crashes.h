// The wallet's promises under crashes, faults and repeats, on one to three shards: acknowledged is never
// lost, a key counts once, repeats get the first answer, tables pass production's audit, transfers between
// shards end, and in the end every balance is what the acknowledged commands sum up to.
#pragma once

#include "sim/scenarios/scenario.h"

namespace ducat::sim {

class WalletCrashes final : public Scenario {
 public:
  // A journal that is not synced is for the test of this test.
  explicit WalletCrashes(bool durable_journal = true) : durable_journal_(durable_journal) {}
  std::string_view name() const override { return "wallet-crashes"; }
  Status run(World& world) override;

 private:
  bool durable_journal_;
};

}  // namespace ducat::sim
