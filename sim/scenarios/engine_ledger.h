// The kernel's promises under crashes: what was acknowledged is never lost, no key is applied twice, repeats
// get the first answer, groups are whole, tables equal the folded journal, reads see what they waited for,
// and after a fault the engine serves again by itself.
#pragma once

#include "sim/scenarios/ledger_model.h"
#include "sim/scenarios/scenario.h"

namespace ducat::sim {

class EngineLedger final : public Scenario {
 public:
  // `bug` and a journal that is not synced are for tests of this test.
  explicit EngineLedger(LedgerBug bug = LedgerBug::kNone, bool durable_journal = true)
      : bug_(bug), durable_journal_(durable_journal) {}
  std::string_view name() const override { return "engine-ledger"; }
  Status run(World& world) override;

 private:
  LedgerBug bug_;
  bool durable_journal_;
};

}  // namespace ducat::sim
