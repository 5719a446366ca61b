// What scenarios of the engine have in common: limits and sizes drawn from the seed, so that they meet in
// every combination; databases on the simulated disk; and faults of that disk that come and go.
#pragma once

#include <memory>
#include <optional>

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
  std::string vfs;  // of the machine whose disk it is on; empty: the world's
  // Bugs to be found.
  bool durable_journal = true;
  bool minds_seals = true;  // a start throws tables in doubt away

  static EnginePlan draw(Random& random);
};

// Journals are "/data/journal…", and only they are synced with every commit.
constexpr const char* kJournalPrefix = "/data/journal";
constexpr const char* kTablesPrefix = "/data/tables";
// `name` tells the engines of one process apart.
Result<std::unique_ptr<storage::Database>> open_journal(World& world, const EnginePlan& plan,
                                                        std::string name);
Result<std::unique_ptr<storage::Database>> open_tables(World& world, const EnginePlan& plan,
                                                       std::string name);

// SQLite's own check of a file: kCorrupt says what it has found.
Status check_pages(storage::Database& database);

// Full disk, failing syncs (of files and of the directory) and reads, at random times between `start` and
// `stop`. One thread.
class DiskFaults {
 public:
  explicit DiskFaults(World& world) : DiskFaults(world, world.disk()) {}
  DiskFaults(World& world, SimDisk& disk) : world_(world), disk_(disk) {}
  ~DiskFaults() { stop(); }
  DiskFaults(const DiskFaults&) = delete;
  DiskFaults& operator=(const DiskFaults&) = delete;

  // `power_may_fail`: a disk that fails is a likely moment for it.
  void start(bool power_may_fail);
  // The disk is well again at once.
  void stop();

 private:
  void wait_for_next();
  void next();
  void heal();

  World& world_;
  SimDisk& disk_;
  bool going_on_ = false;
  bool power_may_fail_ = false;
  std::optional<uint64_t> only_;  // one kind of fault, from `start` to `stop`
  uint64_t pause_micros_ = 0;     // at most, between two
  Timers::Id timer_ = 0;
};

}  // namespace ducat::sim
