// A process that runs the kernel's engine over a ledger, from its start to its end: by order or by a crash.
// Clients send random transfers, alone and in groups, repeat keys and misuse them; faults come and go; every
// answer goes into the history, which outlives the process.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kernel/engine/engine.h"
#include "platform/runtime/task.h"
#include "sim/scenarios/engine_plan.h"
#include "sim/scenarios/ledger_history.h"
#include "sim/scenarios/ledger_model.h"
#include "sim/world/world.h"

namespace ducat::sim {

// Made anew for each life; must be gone before the disk reboots. One thread.
class LedgerLife {
 public:
  LedgerLife(World& world, LedgerHistory& history, const EnginePlan& plan, LedgerBug bug);
  ~LedgerLife();

  // Starts on what is on the disk, checks it, works until everything is sent, a promise breaks or the power
  // fails, and stops in order as far as the disk lets it. `with_faults`: full disk, failing syncs and reads
  // meanwhile. `power_may_fail` with them.
  Status run(bool with_faults, bool power_may_fail);

 private:
  // ledger_life.cc
  Status open();
  Status check_journal();
  Status check_tables();
  Status work();
  Status stop();
  Status be_served_again();
  Task<> probe(Executor& home, bool& served);
  void checkpoint();

  // ledger_clients.cc
  void start_client(int index);
  std::string next_key(std::string_view who);
  Task<> send_all(Executor& home);
  Task<> send_one(Executor& home);
  TransferOperation draw_operation(std::deque<std::string>& keys);
  void judge(const TransferSubmission& submission);
  void judge_operation(const TransferSubmission& submission, const TransferOperation& operation);
  Task<> read_own_write(Executor& home, const TransferOperation& operation, kernel::RecordNumber seen);

  bool dead() const { return world_.disk().dead(); }
  bool over() const { return broken_.has_value() || dead(); }
  void broken(std::string what);

  World& world_;
  LedgerHistory& history_;
  const EnginePlan& plan_;
  SimScheduler& scheduler_;
  LedgerModel model_;
  std::unique_ptr<storage::Database> journal_;
  std::unique_ptr<storage::Database> tables_;
  std::unique_ptr<storage::Connection> reader_;
  std::unique_ptr<kernel::Engine> engine_;
  int clients_left_ = 0;
  bool stopping_ = false;
  DiskFaults faults_{world_};
  bool faulty_ = false;  // this life has faults
  bool power_may_fail_ = false;
  std::optional<std::string> broken_;
  std::map<uint64_t, AccountRow> folded_;
};

}  // namespace ducat::sim
