// A process that serves wallets on one or several shards, from its start to its end: production's service,
// engines, tables and upkeep on simulated executors, time and disk. Clients send deposits, withdrawals,
// transfers within and between shards, holds, batches and changes of a wallet's status and limits, and repeat
// their keys; every answer goes into the book. The wall clock jumps meanwhile.
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
#include "sim/scenarios/wallet_bugs.h"

namespace ducat::sim {

struct WalletPlan {
  EnginePlan common;
  size_t shards = 1;
  size_t wallets_in_memory = 0;  // a shard
  Duration saga_stuck_after;
  Duration upkeep_every;
  Duration clock_jump_every;  // at most; zero: never
  WalletBug bug = WalletBug::kNone;

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
    Shard(const wallet::WalletModelOptions& options, WalletBug bug) : model(options), buggy(model, bug) {}
    std::unique_ptr<storage::Database> journal, tables;
    wallet::WalletModel model;
    BuggyWallets buggy;
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
  Status check_that_all_has_ended();
  Status stop();
  void upkeep(size_t index);

  // wallet_clients.cc
  void start_task(Task<> task);
  Task<> send_all(Executor& home);
  Task<> send(Letter& letter, Executor& home);
  Task<> ask_for_fates(Executor& home);
  Task<> look_up_fates(Executor& home);
  bool may_repeat(const WalletTold& told) const;
  Task<> compare_balances(Executor& home);
  void add(Letter& letter, const std::string& key, const WalletAsk& ask);
  void add_drawn(Letter& letter);
  WalletAsk draw_ask();
  void draw_change(WalletAsk& ask);
  bool crosses(const WalletAsk& ask) const;
  void judge(const Letter& letter, size_t index, const wallet::WalletOutcome& outcome);

  // wallet_clock.cc
  Task<> move_the_clock(Executor& home);
  Task<> wait_for_quiet(Executor& home);
  Timestamp wall();

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
  int tasks_ = 0;       // coroutines that have not ended
  int letters_ = 0;     // sent and not answered
  bool quiet_ = false;  // nothing new is sent
  bool clock_moves_ = false;
  int clients_ = 0;  // that have not ended
  std::optional<std::string> broken_;
};

}  // namespace ducat::sim
