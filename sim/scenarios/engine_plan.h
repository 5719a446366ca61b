// What scenarios of the engine have in common: limits and sizes drawn from the seed, so that they meet in
// every combination; databases on the simulated disk; and faults of that disk that come and go.
#pragma once

#include <memory>

#include "kernel/engine/engine.h"
#include "platform/storage/database.h"
#include "sim/world/world.h"

namespace ducat::sim {

struct EnginePlan {
  kernel::EngineOptions engine;
  uint64_t accounts = 0;
  int clients = 0;
  int sends_per_client = 0;
  int page_bytes = 0;
  int64_t log_limit_bytes = 0;
  Duration checkpoint_every;
  bool durable_journal = true;  // false is a bug to be found

  static EnginePlan draw(Random& random);
};

// Journals are "/data/journal…", and only they are synced with every commit.
constexpr const char* kJournalPrefix = "/data/journal";
constexpr const char* kTablesPrefix = "/data/tables";
Result<std::unique_ptr<storage::Database>> open_database(World& world, const EnginePlan& plan,
                                                         std::string path);

// Full disk, failing syncs and reads, at random times between `start` and `stop`. One thread.
class DiskFaults {
 public:
  explicit DiskFaults(World& world) : world_(world) {}
  ~DiskFaults() { stop(); }
  DiskFaults(const DiskFaults&) = delete;
  DiskFaults& operator=(const DiskFaults&) = delete;

  void start();
  // The disk is well again at once.
  void stop();

 private:
  void wait_for_next();
  void next();
  void heal();

  World& world_;
  bool going_on_ = false;
  Timers::Id timer_ = 0;
};

}  // namespace ducat::sim
