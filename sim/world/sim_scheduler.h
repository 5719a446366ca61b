// One thread that plays all of them: it owns virtual time and decides, from the seed, which executor runs its
// next piece of work and how long that takes. Each executor keeps its own order, as production's do; between
// executors every order can happen, and the same seed always gives the same one.
//
// Time moves only here: when all executors are busy or idle it jumps to the next moment anything can happen,
// so an hour of timeouts costs nothing. Work that would block (a sync, SQLite's busy handler) says so by
// spend().
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "platform/runtime/executor.h"
#include "sim/world/trace.h"

namespace ducat::sim {

// Lives as long as its world; executors live as long as it does. Belongs to the thread that made it: work
// that arrives from another one is a programmer's error, because its order would not follow from the seed.
class SimScheduler final : public Clock, public Timers {
 public:
  SimScheduler(uint64_t seed, Trace& trace);
  ~SimScheduler() override;

  Timestamp now() override;
  Timestamp monotonic() override { return monotonic_; }
  // Sets the wall clock ahead or back, as an operator would; monotonic time does not notice.
  void shift_wall_clock(Duration by) { wall_offset_.micros += by.micros; }

  // The executor of that name, made at the first call. One of several threads shares its queue without order.
  Executor& executor(std::string_view name, size_t threads = 1);

  Id after(Duration delay, Executor& executor, Work work) override;
  bool cancel(Id id) override;

  // The running work takes this much longer.
  void spend(Duration duration);

  // Runs one piece of work; false if there is none, nor a timer that would bring some.
  bool step();
  // Steps until `done` says so. kTimeout: not done within that many steps. kConflict: nothing is left to run.
  // Both messages carry the seed.
  Status run_until(const std::function<bool()>& done, uint64_t max_steps);
  // Runs what happens in that span of virtual time. kTimeout as above.
  Status run_for(Duration duration, uint64_t max_steps);

  // The process died: forgets queued work and timers without running them. Whatever that work owned is freed;
  // a suspended coroutine is not owned by its resumption and leaks, so prefer to run until idle on a dead
  // disk.
  void drop_all();
  // The same for the executors whose names begin so: one of several processes died.
  void drop(std::string_view prefix);

  uint64_t steps() const { return steps_; }

 private:
  class Lane;  // an executor
  struct Timer {
    Timestamp due;
    Id id;
    Lane* lane;
    Work work;
  };

  void check_thread() const;
  void fire_due_timers();
  // The next moment at which something can run, if there is one.
  bool advance();
  Duration draw_cost();

  uint64_t seed_;
  Trace& trace_;
  SeededRandom random_;
  Timestamp monotonic_;
  Duration wall_offset_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> ready_;                        // scratch of step()
  std::map<std::pair<int64_t, Id>, Timer> timers_;  // by due time, then by age
  std::map<Id, int64_t> timer_due_;
  Id next_timer_ = 1;
  uint64_t steps_ = 0;
  std::thread::id owner_ = std::this_thread::get_id();
};

}  // namespace ducat::sim
