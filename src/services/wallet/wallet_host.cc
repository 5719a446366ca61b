// Wiring of the shards with real threads; see wallet_host.h.
#include "services/wallet/wallet_host.h"

#include <condition_variable>

#include "platform/telemetry/logger.h"

namespace ducat::wallet {
namespace {

constexpr size_t kReaderThreads = 2;

// Calls `work` every `interval` on the executor, until the flag is set. The timer is set again after the
// work, so a slow one does not pile up.
void every(Timers& timers, Executor& executor, Duration interval, std::shared_ptr<std::atomic<bool>> stopped,
           std::function<void()> work) {
  timers.after(interval, executor, [&timers, &executor, interval, stopped, work = std::move(work)]() mutable {
    if (stopped->load()) return;
    work();
    every(timers, executor, interval, stopped, std::move(work));
  });
}

}  // namespace

struct WalletHost::Shard {
  Shard(uint32_t index, size_t wallets)
      : model({index, wallets}),
        decide("wallet-" + std::to_string(index)),
        commit("commit-" + std::to_string(index)),
        project("tables-" + std::to_string(index)) {}

  std::unique_ptr<storage::Database> journal;
  std::unique_ptr<storage::Database> tables;
  WalletModel model;
  std::unique_ptr<kernel::Engine> engine;
  std::unique_ptr<storage::ReaderPool> pool;
  std::atomic<bool> expiring{false};
  std::atomic<bool> finishing{false};
  // Last, so that their threads end before what they work on.
  ThreadExecutor decide, commit, project;
};

WalletHost::WalletHost(WalletHostOptions options, Clock& clock, Timers& timers)
    : options_(std::move(options)),
      clock_(clock),
      timers_(timers),
      stopped_(std::make_shared<std::atomic<bool>>(false)) {}

WalletHost::~WalletHost() = default;

Status WalletHost::start() {
  readers_ = std::make_unique<ThreadExecutor>("readers", kReaderThreads);
  upkeep_ = std::make_unique<ThreadExecutor>("upkeep");
  for (size_t i = 0; i < options_.shards.size(); ++i) DUCAT_TRY(start_shard(i));
  DUCAT_TRY(check_shard_count());
  std::vector<WalletShard> shards;
  for (auto& shard : shards_) shards.push_back({*shard->engine, *shard->pool});
  service_ = std::make_unique<WalletService>(std::move(shards), clock_, timers_, options_.service);
  for (size_t i = 0; i < shards_.size(); ++i) start_upkeep(i);
  return {};
}

Status WalletHost::start_shard(size_t index) {
  const ShardTargets& targets = options_.shards[index];
  auto shard = std::make_unique<Shard>(static_cast<uint32_t>(index),
                                       options_.wallets_in_memory / options_.shards.size());
  DUCAT_ASSIGN(shard->journal, storage::open(targets.journal));
  DUCAT_ASSIGN(shard->tables, storage::open(targets.tables));
  shard->engine =
      std::make_unique<kernel::Engine>(shard->model,
                                       kernel::EnginePorts{shard->decide, shard->commit, shard->project,
                                                           timers_, clock_, *shard->journal, *shard->tables},
                                       options_.engine);
  shard->pool = std::make_unique<storage::ReaderPool>(*shard->tables, *readers_);
  Timestamp before = clock_.monotonic();
  DUCAT_TRY(shard->engine->start());
  kernel::EngineStats stats = shard->engine->stats();
  log::info("wallet.recovered", {{"shard", index},
                                 {"record", stats.durable},
                                 {"events", stats.end_position - 1},
                                 {"replayed", stats.lag_events},
                                 {"ms", (clock_.monotonic() - before).micros / 1000}});
  shards_.push_back(std::move(shard));
  return {};
}

// A wallet's shard follows from its id and the number of shards, so that number is fixed by the first start.
Status WalletHost::check_shard_count() {
  DUCAT_ASSIGN(auto connection, shards_[0]->tables->connect(storage::Access::kWriter));
  auto configured = static_cast<int64_t>(shards_.size());
  DUCAT_TRY(connection->execute(
      "INSERT INTO wallet_facts (name, value) VALUES ('shards', $1) ON CONFLICT DO NOTHING", {configured}));
  int64_t stored = configured;
  DUCAT_TRY(connection->query("SELECT value FROM wallet_facts WHERE name = 'shards'", {},
                              [&](const storage::Row& row) { stored = row.int64(0); }));
  if (stored != configured) {
    return fail(Errc::kInvalid, "wallet.shards = " + std::to_string(configured) + ", but the data has " +
                                    std::to_string(stored) + " shards; their number cannot change");
  }
  return {};
}

void WalletHost::start_upkeep(size_t index) {
  Shard& shard = *shards_[index];
  // What a coroutine needs is in these flags and in the service: both outlive it, see `stop`.
  every(timers_, *upkeep_, options_.hold_interval, stopped_, [this, index, &shard] {
    if (shard.expiring.exchange(true)) return;
    ducat::start(service_->expire_holds(index, *upkeep_), [&shard](Result<size_t> done) {
      if (!done) log::error("wallet.expire_holds_failed", done.error());
      shard.expiring = false;
    });
  });
  every(timers_, *upkeep_, options_.saga_interval, stopped_, [this, index, &shard] {
    if (shard.finishing.exchange(true)) return;
    ducat::start(service_->finish_transfers(index, *upkeep_), [&shard](Result<size_t> done) {
      if (!done) log::error("wallet.finish_transfers_failed", done.error());
      if (done && *done > 0) log::warn("wallet.transfers_finished", {{"count", *done}});
      shard.finishing = false;
    });
  });
  every(timers_, *upkeep_, options_.checkpoint_interval, stopped_, [&shard] {
    for (storage::Database* database : {shard.journal.get(), shard.tables.get()}) {
      if (Status status = database->checkpoint(); !status && status.error().code != Errc::kUnavailable) {
        log::error("storage.checkpoint_failed", status.error(), {{"database", database->describe()}});
      }
    }
  });
}

void WalletHost::stop() {
  stopped_->store(true);
  // Engines first: they answer whoever waits, so that no task of the service is left hanging.
  for (auto& shard : shards_) {
    std::mutex mutex;
    std::condition_variable wake;
    bool done = false;
    shard->engine->stop([&] {
      std::lock_guard lock(mutex);
      done = true;
      wake.notify_one();
    });
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return done; });
  }
  if (upkeep_) upkeep_->stop();
  if (readers_) readers_->stop();
  for (auto& shard : shards_) {
    shard->project.stop();
    shard->commit.stop();
    shard->decide.stop();
  }
}

std::vector<kernel::EngineStats> WalletHost::stats() const {
  std::vector<kernel::EngineStats> all;
  for (const auto& shard : shards_) all.push_back(shard->engine->stats());
  return all;
}

}  // namespace ducat::wallet
