#include "sim/scenarios/wallet_life.h"

#include <set>

#include "services/wallet/store/queries.h"
#include "services/wallet/wallet_verify.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kMaxSteps = 600'000;
constexpr Duration kUpkeepTakes = Duration::seconds(5);

// Every key a journal holds.
class KeyCollector final : public kernel::RecordVisitor {
 public:
  void on_key(std::string_view key, uint64_t, std::string_view) override { keys.emplace(key); }
  std::set<std::string> keys;
};

}  // namespace

WalletPlan WalletPlan::draw(Random& random) {
  WalletPlan plan;
  plan.common = EnginePlan::draw(random);
  plan.common.accounts = std::min<uint64_t>(plan.common.accounts, 40);  // most of them get money
  plan.shards = 1 + random.below(3);
  plan.wallets_in_memory = random.below(2) == 0 ? 2 : 1'000;
  plan.saga_stuck_after = Duration::millis(random.below(2) == 0 ? 200 : 5'000);
  plan.upkeep_every = Duration::millis(random.below(2) == 0 ? 20 : 500);
  // Short: over with a jump of the clock, but not before a command that waits has its answer.
  if (random.below(2) == 0) plan.common.engine.key_life = Duration::seconds(600);
  plan.clock_jump_every = Duration::millis(random.below(3) == 0 ? 0 : 300);
  return plan;
}

WalletLife::WalletLife(World& world, WalletBook& book, const WalletPlan& plan)
    : world_(world), book_(book), plan_(plan), scheduler_(world.scheduler()) {}

// Whatever is still queued belongs to engines: it goes before them.
WalletLife::~WalletLife() {
  scheduler_.drop_all();
}

void WalletLife::broken(std::string what) {
  if (!broken_) broken_ = std::move(what);
}

Status WalletLife::open() {
  for (size_t i = 0; i < plan_.shards; ++i) DUCAT_TRY(open_shard(i));
  std::vector<wallet::WalletShard> shards;
  for (auto& shard : shards_) shards.push_back({*shard->engine, *shard->pool});
  wallet::WalletServiceOptions options;
  options.saga_stuck_after = plan_.saga_stuck_after;
  options.quarter_of_key_life.micros = plan_.common.engine.key_life.micros / 4;
  service_ = std::make_unique<wallet::WalletService>(std::move(shards), scheduler_, scheduler_, options);
  return {};
}

Status WalletLife::open_shard(size_t index) {
  std::string name = "-" + std::to_string(index);
  shards_.push_back(std::make_unique<Shard>(
      wallet::WalletModelOptions{static_cast<uint32_t>(index), plan_.wallets_in_memory, plan_.shards},
      plan_.bug));
  Shard& shard = *shards_.back();
  DUCAT_ASSIGN(shard.journal, open_journal(world_, plan_.common, name));
  DUCAT_ASSIGN(shard.tables, open_tables(world_, plan_.common, name));
  shard.engine = std::make_unique<kernel::Engine>(
      shard.buggy,
      kernel::EnginePorts{scheduler_.executor("decide" + name), scheduler_.executor("commit" + name),
                          scheduler_.executor("project" + name), scheduler_, scheduler_, *shard.journal,
                          *shard.tables},
      plan_.common.engine);
  shard.pool = std::make_unique<storage::ReaderPool>(*shard.tables, scheduler_.executor("readers", 2));
  return shard.engine->start();
}

// Production's own auditor on every shard, and every acknowledged key.
Status WalletLife::check() {
  for (auto& shard : shards_) {
    DUCAT_TRY(check_pages(*shard->tables));
    DUCAT_ASSIGN(auto report,
                 wallet::verify_shard(*shard->journal, *shard->tables, plan_.common.engine.key_life));
    if (!report.violations.empty()) return fail(Errc::kCorrupt, "audit: " + report.violations.front());
  }
  return check_keys();
}

Status WalletLife::check_keys() {
  std::vector<KeyCollector> collectors(shards_.size());
  for (size_t i = 0; i < shards_.size(); ++i) {
    DUCAT_ASSIGN(auto journal, kernel::JournalReader::open(*shards_[i]->journal));
    auto read =
        journal->read(0, [&](const kernel::Record& record) { return kernel::visit(record, collectors[i]); });
    if (!read) return propagate(read);
  }
  for (const auto& [key, told] : book_.told()) {
    if (!told.acknowledged || collectors[service_->shard_of(told.ask.wallet)].keys.contains(key)) continue;
    return fail(Errc::kCorrupt, "lost: key " + key + " was acknowledged and is not in the journal");
  }
  return {};
}

Status WalletLife::run(bool with_faults, bool settle_at_end) {
  faulty_ = with_faults;
  Status done = open();
  if (done) done = check();
  if (done) done = work(settle_at_end);
  if (done && !dead()) done = check();
  if (broken_) return fail(Errc::kCorrupt, *broken_);
  // A machine without power breaks no promise; what it leaves is checked by the next life.
  if (!done && dead() && done.error().code != Errc::kCorrupt) return {};
  return done;
}

Status WalletLife::work(bool settle_at_end) {
  for (size_t i = 0; i < shards_.size(); ++i) upkeep(i);
  clients_ = plan_.common.clients;
  if (plan_.clock_jump_every.micros > 0) start_task(move_the_clock(scheduler_.executor("clock")));
  for (int i = 0; i < plan_.common.clients; ++i) {
    start_task(send_all(scheduler_.executor("client-" + std::to_string(i % 3))));
  }
  if (faulty_) faults_.start(!settle_at_end);
  DUCAT_TRY(scheduler_.run_until([this] { return over() || tasks_ == 0; }, kMaxSteps));
  faults_.stop();
  if (settle_at_end && !over()) DUCAT_TRY(settle());
  return stop();
}

// With the faults over, everything that is under way comes to its end.
Status WalletLife::settle() {
  Executor& home = scheduler_.executor("client-0");
  start_task(ask_for_fates(home));
  DUCAT_TRY(scheduler_.run_until([this] { return over() || tasks_ == 0; }, kMaxSteps));
  DUCAT_TRY(scheduler_.run_for(Duration{plan_.saga_stuck_after.micros + 20'000'000}, kMaxSteps));
  if (over()) return {};
  start_task(look_up_fates(home));
  DUCAT_TRY(scheduler_.run_until([this] { return over() || tasks_ == 0; }, kMaxSteps));
  if (over()) return {};
  start_task(compare_balances(home));
  DUCAT_TRY(scheduler_.run_until([this] { return over() || tasks_ == 0; }, kMaxSteps));
  auto caught_up = [this] {
    return over() || std::all_of(shards_.begin(), shards_.end(),
                                 [](const auto& shard) { return shard->engine->stats().lag_events == 0; });
  };
  DUCAT_TRY(scheduler_.run_until(caught_up, kMaxSteps));
  return over() ? Status() : check_that_all_has_ended();
}

// No transfer is left open, no hold outlives its time, and what left one shard has arrived in another.
Status WalletLife::check_that_all_has_ended() {
  std::map<Currency, int64_t> in_transit;
  for (auto& shard : shards_) {
    DUCAT_ASSIGN(auto connection, shard->tables->connect(storage::Access::kReader));
    DUCAT_ASSIGN(auto open, wallet::open_transfers(*connection, {INT64_MAX}, 1));
    if (!open.empty()) return fail(Errc::kCorrupt, "a transfer between shards has not ended");
    DUCAT_ASSIGN(auto late, wallet::expired_holds(*connection, scheduler_.now() - kUpkeepTakes, 1));
    if (!late.empty()) return fail(Errc::kCorrupt, "a hold has outlived its time");
    DUCAT_ASSIGN(auto accounts, wallet::all_accounts(*connection));
    for (const wallet::Account& account : accounts) {
      if (account.kind == wallet::AccountKind::kTransit) in_transit[account.currency] += account.balance;
    }
  }
  for (const auto& [currency, sum] : in_transit) {
    if (sum != 0) return fail(Errc::kCorrupt, "between shards there is " + std::to_string(sum) + " left");
  }
  return {};
}

Status WalletLife::stop() {
  stopping_ = true;
  size_t stopped = 0;
  for (auto& shard : shards_) shard->engine->stop([&stopped] { ++stopped; });
  auto ended = [&] {
    bool upkeep_ended = std::none_of(shards_.begin(), shards_.end(),
                                     [](const auto& shard) { return shard->expiring || shard->finishing; });
    return stopped == shards_.size() && tasks_ == 0 && upkeep_ended;
  };
  return scheduler_.run_until(ended, kMaxSteps);
}

void WalletLife::upkeep(size_t index) {
  if (stopping_ || over()) return;
  Shard& shard = *shards_[index];
  Executor& home = scheduler_.executor("upkeep");
  auto note = [this](const char* what, const Status& status) {
    if (!status && status.error().code == Errc::kCorrupt && !dead())
      broken(what + (": " + status.error().message));
  };
  if (!shard.expiring) {
    shard.expiring = true;
    start(service_->expire_holds(index, home), [&shard, note](Result<size_t> done) {
      shard.expiring = false;
      if (!done) note("expire_holds", propagate(done));
    });
  }
  if (!shard.finishing) {
    shard.finishing = true;
    start(service_->finish_transfers(index, home), [&shard, note](Result<size_t> done) {
      shard.finishing = false;
      if (!done) note("finish_transfers", propagate(done));
    });
  }
  note("checkpoint", shard.journal->checkpoint());
  note("checkpoint", shard.tables->checkpoint());
  scheduler_.after(plan_.upkeep_every, home, [this, index] { upkeep(index); });
}

}  // namespace ducat::sim
