// A process that serves wallets on one or several shards, from its start to its end: production's service,
// engines, tables and upkeep on simulated executors, time and disk. Clients send deposits, withdrawals,
// transfers within and between shards, holds and batches, and repeat their keys; every answer goes into the
// book.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/storage/reader_pool.h"
#include "services/wallet/wallet_model.h"
#include "services/wallet/wallet_service.h"
#include "sim/scenarios/engine_plan.h"
#include "sim/scenarios/wallet_book.h"

namespace ducat::sim {

struct WalletPlan {
  EnginePlan common;
  size_t shards = 1;
  size_t wallets_in_memory = 0;  // a shard
  Duration saga_stuck_after;
  Duration upkeep_every;

  static WalletPlan draw(Random& random);
};

// Made anew for each life; must be gone before the disk reboots. One thread.
class WalletLife {
 public:
  WalletLife(World& world, WalletBook& book, const WalletPlan& plan);
  ~WalletLife();

  // Starts on what is on the disk, checks it, works until everything is sent, a promise breaks or the power
  // fails. `settle`: afterwards asks for the fate of every key, lets transfers end, and compares all
  // balances.
  Status run(bool with_faults, bool settle);

 private:
  struct Shard {
    explicit Shard(const wallet::WalletModelOptions& options) : model(options) {}
    std::unique_ptr<storage::Database> journal, tables;
    wallet::WalletModel model;
    std::unique_ptr<kernel::Engine> engine;
    std::unique_ptr<storage::ReaderPool> pool;
    bool expiring = false;
    bool finishing = false;
  };
  // What a coroutine sends together: requests view the asks.
  struct Letter {
    std::deque<WalletAsk> asks;
    std::vector<wallet::WalletRequest> requests;
    std::vector<bool> acknowledged_before;
    bool atomic = false;
  };

  // wallet_life.cc
  Status open();
  Status open_shard(size_t index);
  Status check();
  Status check_keys();
  Status work(bool settle);
  Status settle();
  Status stop();
  void upkeep(size_t index);

  // wallet_clients.cc
  void start_task(Task<> task);
  Task<> send_all(Executor& home);
  Task<> send(Letter& letter, Executor& home);
  Task<> ask_for_fates(Executor& home);
  Task<> compare_balances(Executor& home);
  void add(Letter& letter, const std::string& key, const WalletAsk& ask);
  void add_drawn(Letter& letter);
  WalletAsk draw_ask();
  bool crosses(const WalletAsk& ask) const;
  void judge(const Letter& letter, size_t index, const wallet::WalletOutcome& outcome);

  bool dead() const { return world_.disk().dead(); }
  bool over() const { return broken_.has_value() || dead(); }
  void broken(std::string what);

  World& world_;
  WalletBook& book_;
  const WalletPlan& plan_;
  SimScheduler& scheduler_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<wallet::WalletService> service_;
  DiskFaults faults_{world_};
  bool faulty_ = false;
  bool stopping_ = false;
  int tasks_ = 0;  // coroutines that have not ended
  std::optional<std::string> broken_;
};

}  // namespace ducat::sim
