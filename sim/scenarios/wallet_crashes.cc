#include "sim/scenarios/wallet_crashes.h"

#include "sim/scenarios/wallet_life.h"

namespace ducat::sim {
namespace {

constexpr int kLives = 4;
constexpr uint64_t kOperationsPerLife = 2'000;

}  // namespace

Status WalletCrashes::run(World& world) {
  WalletPlan plan = WalletPlan::draw(world.random());
  plan.bug = bug_;
  plan.common.durable_journal = bug_ != WalletBug::kUnsyncedJournal;
  plan.common.minds_seals = bug_ != WalletBug::kTrustsDoubtful;
  WalletBook book;
  for (int life = 0; life < kLives; ++life) {
    Random& random = world.random();
    bool last = life + 1 == kLives;
    bool power_cut = random.below(4) != 0;
    if (!last) world.disk().cut_power_after(1 + random.below(kOperationsPerLife));
    Status held = WalletLife(world, book, plan).run(random.below(2) == 0, last);
    world.note("life " + std::to_string(life + 1) + " ended after " + std::to_string(book.told().size()) +
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
