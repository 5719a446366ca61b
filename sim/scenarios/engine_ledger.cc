#include "sim/scenarios/engine_ledger.h"

#include "sim/scenarios/ledger_life.h"

namespace ducat::sim {
namespace {

constexpr int kLives = 4;
constexpr uint64_t kOperationsPerLife = 1'500;

}  // namespace

Status EngineLedger::run(World& world) {
  EnginePlan plan = EnginePlan::draw(world.random());
  plan.durable_journal = durable_journal_;
  LedgerHistory history;
  for (int life = 0; life < kLives; ++life) {
    Random& random = world.random();
    bool last = life + 1 == kLives;
    bool power_cut = random.below(4) != 0;
    // The last life ends in order, so that there is one that everything must survive.
    if (!last) world.disk().cut_power_after(1 + random.below(kOperationsPerLife));
    Status held = LedgerLife(world, history, plan, bug_).run(random.below(2) == 0, !last);
    world.note("life " + std::to_string(life + 1) + " ended after " + std::to_string(history.told().size()) +
               " keys in all" + (world.disk().dead() ? ", without power" : ""));
    DUCAT_TRY(std::move(held));
    if (power_cut) {
      world.disk().cut_power();
      world.disk().reboot_after_power_cut();
    } else {
      world.disk().reboot_after_kill();
    }
  }
  return {};
}

}  // namespace ducat::sim
