// Wiring of the shards with real threads; see wallet_host.h.
#include "services/wallet/wallet_host.h"

#include "platform/telemetry/logger.h"

namespace ducat::wallet {

Status check_shard_count(storage::Connection& tables, int64_t configured) {
  int64_t stored = configured;
  DUCAT_TRY(tables.query("SELECT value FROM wallet_facts WHERE name = 'shards'", {},
                         [&](const storage::Row& row) { stored = row.int64(0); }));
  if (stored == configured) return {};
  return fail(Errc::kInvalid, "wallet.shards = " + std::to_string(configured) + ", but the data has " +
                                  std::to_string(stored) + " shards; their number cannot change");
}

struct WalletHost::Shard {
  Shard(WalletModelOptions part, kernel::EngineHostOptions options, kernel::ServiceThreads& threads,
        Clock& clock, Timers& timers)
      : model(part), host(model, std::move(options), threads, clock, timers) {}

  WalletModel model;
  std::atomic<bool> expiring{false};
  std::atomic<bool> finishing{false};
  kernel::EngineHost host;
  std::unique_ptr<kernel::FollowerCache> copies;  // once started
};

WalletHost::WalletHost(WalletHostOptions options, Clock& clock, Timers& timers)
    : options_(std::move(options)), clock_(clock), timers_(timers) {}

WalletHost::~WalletHost() = default;

Status WalletHost::start() {
  threads_ = std::make_unique<kernel::ServiceThreads>();
  size_t count = options_.shards.size();
  for (size_t i = 0; i < count; ++i) {
    kernel::EngineHostOptions options{.name = "wallet-" + std::to_string(i),
                                      .journal = options_.shards[i].journal,
                                      .tables = options_.shards[i].tables,
                                      .engine = options_.engine,
                                      .checkpoint_interval = options_.checkpoint_interval};
    options.together = options_.together != nullptr ? options_.together : &together_;
    WalletModelOptions part{static_cast<uint32_t>(i), options_.wallets_in_memory / count, count};
    shards_.push_back(std::make_unique<Shard>(part, std::move(options), *threads_, clock_, timers_));
    Shard& shard = *shards_.back();
    DUCAT_TRY(shard.host.start());
    shard.copies = std::make_unique<kernel::FollowerCache>(options_.cache, shard.host.engine(),
                                                           "wallet-" + std::to_string(i));
  }
  DUCAT_TRY(keep_shard_count());
  std::vector<WalletShard> shards;
  for (auto& shard : shards_)
    shards.push_back({shard->host.engine(), shard->host.readers(), shard->copies.get()});
  service_ = std::make_unique<WalletService>(std::move(shards), clock_, timers_, options_.service);
  for (size_t i = 0; i < count; ++i) start_upkeep(i);
  return {};
}

// A wallet's shard follows from its id and the number of shards, so that number is fixed by the first start.
Status WalletHost::keep_shard_count() {
  DUCAT_ASSIGN(auto connection, shards_[0]->host.tables().connect(storage::Access::kWriter));
  auto configured = static_cast<int64_t>(shards_.size());
  DUCAT_TRY(connection->execute(
      "INSERT INTO wallet_facts (name, value) VALUES ('shards', $1) ON CONFLICT DO NOTHING", {configured}));
  return check_shard_count(*connection, configured);
}

void WalletHost::start_upkeep(size_t index) {
  Shard& shard = *shards_[index];
  // What a coroutine needs is in these flags and in the service: both outlive it, see `stop`.
  shard.host.every(options_.hold_interval, [this, index, &shard] {
    if (shard.expiring.exchange(true)) return;
    ducat::start(service_->expire_holds(index, threads_->upkeep), [&shard](Result<size_t> done) {
      if (!done) log::error("wallet.expire_holds_failed", done.error());
      shard.expiring = false;
    });
  });
  shard.host.every(options_.saga_interval, [this, index, &shard] {
    if (shard.finishing.exchange(true)) return;
    ducat::start(service_->finish_transfers(index, threads_->upkeep), [&shard](Result<size_t> done) {
      if (!done) log::error("wallet.finish_transfers_failed", done.error());
      if (done && *done > 0) log::warn("wallet.transfers_finished", {{"count", *done}});
      shard.finishing = false;
    });
  });
}

bool WalletHost::leads() const {
  return !shards_.empty() && shards_.front()->host.leads();
}

kernel::EngineHost& WalletHost::shard(size_t index) {
  return shards_[index]->host;
}

void WalletHost::stop() {
  // Engines first: they answer whoever waits, so that no task of the service is left hanging. The first one
  // last: the others lead only while it does, and would give up their lead before their tables are written.
  for (auto shard = shards_.rbegin(); shard != shards_.rend(); ++shard) (*shard)->host.stop();
  if (!threads_) return;
  threads_->upkeep.stop();
  threads_->readers.stop();
}

std::vector<kernel::EngineStats> WalletHost::stats() const {
  std::vector<kernel::EngineStats> all;
  for (const auto& shard : shards_) all.push_back(shard->host.stats());
  return all;
}

}  // namespace ducat::wallet
