// All shards of the wallet, running, and the work that comes with time (holds that expire, transfers that
// were left open). Knows no configuration and no HTTP; module.cc does.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "kernel/engine/engine_host.h"
#include "platform/storage/open.h"
#include "services/wallet/wallet_model.h"
#include "services/wallet/wallet_service.h"

namespace ducat::wallet {

// Where one shard's data is.
struct ShardTargets {
  storage::StorageTarget journal;
  storage::StorageTarget tables;
};

struct WalletHostOptions {
  std::vector<ShardTargets> shards;
  kernel::EngineOptions engine;
  size_t wallets_in_memory = 1'000'000;  // over all shards
  WalletServiceOptions service;
  // Whose lead the shards share, besides their own; null: nobody's.
  kernel::LeadTogether* together = nullptr;
  cache::Cache* cache = nullptr;  // for copies of wallets while we follow; outlives the host
  Duration saga_interval = Duration::seconds(10);
  Duration hold_interval = Duration::seconds(1);
  Duration checkpoint_interval = Duration::seconds(1);
};

// kInvalid if these tables of the first shard were made with another number of shards. They need not say:
// then no start has fixed it yet.
Status check_shard_count(storage::Connection& tables, int64_t configured);

// Start once, stop once. `service` and `stats` are thread-safe in between.
class WalletHost {
 public:
  WalletHost(WalletHostOptions options, Clock& clock, Timers& timers);
  ~WalletHost();

  // Opens, leads and recovers every shard, or follows who leads them; blocks. Errors say what is in the way.
  Status start();
  // Finishes what was accepted; blocks.
  void stop();

  WalletService& service() { return *service_; }
  size_t shards() const { return shards_.size(); }
  // All shards are led together, as transfers between them need; the first tells.
  bool leads() const;
  kernel::EngineHost& shard(size_t index);
  std::vector<kernel::EngineStats> stats() const;

 private:
  struct Shard;

  Status keep_shard_count();
  void start_upkeep(size_t shard);

  const WalletHostOptions options_;
  Clock& clock_;
  Timers& timers_;
  std::unique_ptr<kernel::ServiceThreads> threads_;
  kernel::LeadTogether together_;  // of the shards, if nobody gave one
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<WalletService> service_;
};

}  // namespace ducat::wallet
