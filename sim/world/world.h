// Everything outside the program under test, made from one seed: time, scheduling, disk, SQLite's view of it.
// Each source of randomness has a stream of its own, so that one more draw here does not change the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "sim/world/sim_disk.h"
#include "sim/world/sim_scheduler.h"
#include "sim/world/sim_vfs.h"
#include "sim/world/trace.h"

namespace ducat::sim {

// One run of the simulator. One living world a process (SQLite has one default VFS); one thread.
class World {
 public:
  explicit World(uint64_t seed, bool verbose = false);

  uint64_t seed() const { return seed_; }
  Trace& trace() { return trace_; }
  SimScheduler& scheduler() { return scheduler_; }
  SimDisk& disk() { return disk_; }
  SimVfs& vfs() { return vfs_; }
  // The workload's own draws.
  Random& random() { return workload_random_; }
  // A new stream for a part that must not disturb the others.
  SeededRandom random_for(std::string_view part) const { return SeededRandom(hash64(part, seed_)); }

  // Adds to the trace, and prints with the virtual time when the run is verbose.
  void note(std::string_view text);

 private:
  uint64_t seed_;
  bool verbose_;
  Trace trace_;
  SeededRandom workload_random_;
  SeededRandom disk_random_;
  SeededRandom vfs_random_;
  SimScheduler scheduler_;
  SimDisk disk_;
  SimVfs vfs_;
};

}  // namespace ducat::sim
