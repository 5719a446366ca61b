// An engine, running: its databases, threads, journal feed, readers of its tables, and the upkeep every
// engine needs. A service brings a model and says what else is due from time to time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/engine/engine.h"
#include "kernel/journal/journal_feed.h"
#include "platform/runtime/module.h"
#include "platform/storage/open.h"
#include "platform/storage/reader_pool.h"
#include "platform/telemetry/metrics.h"

namespace ducat::kernel {

// Threads that the engines of one service share. Outlives them.
struct ServiceThreads {
  explicit ServiceThreads(Priority priority = Priority::kNormal)
      : readers("readers", 2, priority), upkeep("upkeep", 1, priority) {}
  ThreadExecutor readers;
  ThreadExecutor upkeep;
};

struct EngineHostOptions {
  std::string name;  // "wallet-0": in logs
  storage::StorageTarget journal;
  storage::StorageTarget tables;
  EngineOptions engine;
  Duration checkpoint_interval = Duration::seconds(1);
  Priority priority = Priority::kNormal;  // of the engine's own threads
};

// Start once, stop once; everything else is thread-safe in between. The model, the clock and the shared
// threads outlive it; the timers' thread ends before it is destroyed.
class EngineHost {
 public:
  EngineHost(Model& model, EngineHostOptions options, ServiceThreads& shared, Clock& clock, Timers& timers);
  ~EngineHost();

  // Opens, leads and recovers; blocks. Errors say what is in the way.
  Status start();
  // Finishes what was accepted; blocks. The shared threads are stopped by their owner afterwards.
  void stop();

  // Calls `work` on the upkeep thread every so often from now until `stop`; one that is slow does not pile
  // up.
  void every(Duration interval, std::function<void()> work);

  Engine& engine() { return *engine_; }
  JournalFeed& feed() { return feed_; }
  storage::ReaderPool& readers() { return *readers_; }
  storage::Database& journal() { return *journal_; }
  storage::Database& tables() { return *tables_; }
  EngineStats stats() const;

 private:
  void checkpoint();

  Model& model_;
  const EngineHostOptions options_;
  ServiceThreads& shared_;
  Clock& clock_;
  Timers& timers_;
  std::shared_ptr<std::atomic<bool>> stopped_;  // shared with timers that may still fire
  std::unique_ptr<storage::Database> journal_;
  std::unique_ptr<storage::Database> tables_;
  JournalFeed feed_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<storage::ReaderPool> readers_;
  bool started_ = false;
  // Last, so that their threads end before what they work on.
  ThreadExecutor decide_, commit_, project_;
};

// What several engines of a service are together, for its module.
Health health_of(std::span<const EngineStats> engines);
// Gauges and counters of a service's engines, while the watches live.
std::vector<metrics::Watch> watch_engines(metrics::Registry& registry, std::string_view service,
                                          std::function<std::vector<EngineStats>()> engines);

}  // namespace ducat::kernel
