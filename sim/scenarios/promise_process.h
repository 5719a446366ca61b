// What the lives of both services have in common: an engine with its databases on a machine's disk, the feed
// of its journal, a connection to the broker, a consumer, and upkeep; all on executors of the machine's name,
// so that one process can die while the other goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kernel/engine/engine.h"
#include "kernel/journal/journal_feed.h"
#include "platform/broker/consumer.h"
#include "platform/storage/reader_pool.h"
#include "sim/scenarios/engine_plan.h"
#include "sim/scenarios/promise_watch.h"
#include "sim/world/sim_broker_client.h"
#include "sim/world/sim_machine.h"

namespace ducat::sim {

// What a process stands on; all of it outlives the process.
struct PromiseGround {
  World& world;
  SimMachine& machine;
  SimBroker& broker;
  PromiseWatch& watch;
};

// Made anew for each life; must be gone before the machine's disk reboots. Destroyed only once it has
// stopped, or if it was never opened. One thread.
class PromiseProcess {
 public:
  // The model outlives it.
  PromiseProcess(const PromiseGround& ground, EnginePlan plan, PromiseWatch::Follower::Of of,
                 kernel::Model& model);
  ~PromiseProcess();

  // Opens what is on the disk, leads and recovers, and follows the journal from its start.
  Status open();
  Status consume(broker::ConsumerOptions options, broker::Handler handler);
  // Runs a task so often until `stop`, one at a time; kCorrupt breaks the promise.
  template <typename MakeTask>
  void every(Duration interval, MakeTask make) {
    after(interval, [this, interval, make] {
      ++tasks_;
      start(make(), [this, interval, make](auto done) {
        --tasks_;
        if (!done) note_error(done.error());
        every(interval, make);
      });
    });
  }
  // Ends all of it, in order or because the power is gone; `stopped` says when that is done.
  void stop();
  bool stopped() const;
  bool stopping() const { return stopping_; }

  Executor& executor(std::string_view name, size_t threads = 1);
  SimScheduler& scheduler() { return ground_.world.scheduler(); }
  kernel::Engine& engine() { return *engine_; }
  kernel::JournalFeed& feed() { return feed_; }
  storage::ReaderPool& readers() { return *readers_; }
  storage::Database& journal() { return *journal_; }
  storage::Database& tables() { return *tables_; }
  SimBrokerClient& client() { return client_; }

 private:
  void after(Duration interval, Work work);
  void checkpoint();
  void note_error(const Error& error);

  PromiseGround ground_;
  const EnginePlan plan_;
  kernel::Model& model_;
  PromiseWatch::Follower follower_;
  std::unique_ptr<storage::Database> journal_, tables_;
  kernel::JournalFeed feed_;
  std::unique_ptr<kernel::Engine> engine_;
  std::unique_ptr<storage::ReaderPool> readers_;
  SimBrokerClient client_;
  std::unique_ptr<broker::Consumer> consumer_;
  int tasks_ = 0;
  bool started_ = false;  // the engine
  bool stopping_ = false;
  bool engine_ended_ = false;
  bool consumer_ended_ = false;
};

}  // namespace ducat::sim
