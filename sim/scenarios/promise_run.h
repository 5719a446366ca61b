// Two services on two machines, a broker between them, clients in front of them: starts them, lets each of
// them die alone or both together, starts them again, and in the end lets everything come to rest.
#pragma once

#include <functional>
#include <memory>

#include "sim/scenarios/promise_book.h"
#include "sim/scenarios/promise_lives.h"

namespace ducat::sim {

// One run; one thread.
class PromiseRun {
 public:
  PromiseRun(World& world, const PromisePlan& plan);
  ~PromiseRun();

  // Until the promise breaks or all has held.
  Status run();

 private:
  // A machine and whichever life of its service it carries.
  struct Side {
    Side(World& world, const std::string& name) : machine(world, name), faults(world, machine.disk()) {}
    SimMachine machine;
    DiskFaults faults;
    std::unique_ptr<PromiseLife> life;  // none: down until `up_at`
    std::function<std::unique_ptr<PromiseLife>()> make;
    Timestamp up_at;
    bool serving = false;
    Timestamp serving_since;
  };

  // promise_run.cc
  bool step_until(const std::function<bool()>& done, Duration limit);
  void tend(Side& side);
  void begin(Side& side);
  void bury(Side& side);
  Duration draw_downtime(const Side& side);
  void next_crash();
  void crash(Side& side);
  void watch_deadlines();
  void calm();
  bool serving() const { return transactions_.serving && audit_.serving; }
  bool at_rest();
  Status settle();
  Status stop();
  void broken(std::string what) { watch_.found_broken(std::move(what)); }
  bool over() const { return watch_.broken().has_value(); }

  // promise_clients.cc
  void start_task(Task<> task);
  Task<> be_a_client(Executor& home);
  Task<> change(PromiseAttempt attempt, Executor& home);
  Task<> look(Executor& home);
  Task<> compare_all(Executor& home);
  Task<> compare_audit(AuditLife& audit, Executor& home);
  Task<> probe(Executor& home);
  PromiseAsk draw_ask();
  PromiseAttempt draw_attempt();
  TransactionsLife* transactions();

  World& world_;
  const PromisePlan plan_;
  SimScheduler& scheduler_;
  SeededRandom ids_;
  SeededRandom faults_;
  SimBroker broker_;
  PromiseWatch watch_;
  PromiseBook book_{watch_};
  Side transactions_;
  Side audit_;
  bool calm_ = false;
  int crashes_left_ = 0;
  int tasks_ = 0;
  bool probed_ = false;
};

}  // namespace ducat::sim
