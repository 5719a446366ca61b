// An engine, running: its databases, threads, journal feed, readers of its tables, and the upkeep every
// engine needs. A service brings a model and says what else is due from time to time.
//
// On PostgreSQL another process may lead when this one starts, or take the lead later: then it follows
// (engine.h), and what only the leader does (upkeep, consuming, publishing) rests.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
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

class EngineHost;

// Threads that the engines of one service share. Outlives them.
struct ServiceThreads {
  explicit ServiceThreads(Priority priority = Priority::kNormal)
      : readers("readers", 2, priority), upkeep("upkeep", 1, priority) {}
  ThreadExecutor readers;
  ThreadExecutor upkeep;
};

// Engines of one process that lead or follow together, because they work with each other: the one that starts
// first decides, the others lead while it does. Outlives them.
struct LeadTogether {
  std::atomic<const EngineHost*> first{nullptr};
};

struct EngineHostOptions {
  std::string name;  // "wallet-0": in logs
  storage::StorageTarget journal;
  storage::StorageTarget tables;
  EngineOptions engine;
  Duration checkpoint_interval = Duration::seconds(1);
  bool follow = true;                     // false for tools, which lead or do nothing
  LeadTogether* together = nullptr;       // null: it leads or follows by itself
  Priority priority = Priority::kNormal;  // of the engine's own threads
};

// Start once, stop once; everything else is thread-safe in between. The model, the clock and the shared
// threads outlive it; the timers' thread ends before it is destroyed.
class EngineHost {
 public:
  EngineHost(Model& model, EngineHostOptions options, ServiceThreads& shared, Clock& clock, Timers& timers);
  ~EngineHost();

  // Opens, leads and recovers, or follows who leads; blocks. Errors say what is in the way.
  Status start();
  // Finishes what was accepted; blocks. The shared threads are stopped by their owner afterwards.
  void stop();

  // What only the leader does: `begin` when this engine leads, at once if it does already (then its error is
  // the answer; later ones are logged and tried again), `end` when it does not any more. Both may block; not
  // at a time, and on the upkeep thread except for that first `begin`. Once, after `start`.
  Status while_leading(std::function<Status()> begin, std::function<void()> end = nullptr);
  // Ends that, as if the lead were lost; before whatever `begin` has made is stopped for good.
  void end_duties();
  bool leads() const { return engine_ && engine_->leads(); }

  // Calls `work` on the upkeep thread every so often from now until `stop`; one that is slow does not pile
  // up. kLeading: only while the engine leads.
  enum class When : uint8_t { kLeading, kAlways };
  void every(Duration interval, std::function<void()> work, When when = When::kLeading);

  Engine& engine() { return *engine_; }
  JournalFeed& feed() { return feed_; }
  storage::ReaderPool& readers() { return *readers_; }
  storage::Database& journal() { return *journal_; }
  storage::Database& tables() { return *tables_; }
  EngineStats stats() const;

 private:
  void checkpoint();
  void on_role(bool leading);
  Status keep_duties();

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
  std::atomic<bool> started_{false};
  std::mutex duties_mutex_;
  std::function<Status()> begin_duties_;
  std::function<void()> end_duties_;
  bool on_duty_ = false;
  // Last, so that their threads end before what they work on.
  ThreadExecutor decide_, commit_, project_;
};

// What several engines of a service are together, for its module.
Health health_of(std::span<const EngineStats> engines);
// Gauges and counters of a service's engines, while the watches live.
std::vector<metrics::Watch> watch_engines(metrics::Registry& registry, std::string_view service,
                                          std::function<std::vector<EngineStats>()> engines);

}  // namespace ducat::kernel
