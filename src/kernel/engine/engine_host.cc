// Wiring of an engine with real threads; see engine_host.h.
#include "kernel/engine/engine_host.h"

#include <algorithm>
#include <condition_variable>

#include "platform/telemetry/logger.h"

namespace ducat::kernel {
namespace {

constexpr Duration kDutiesInterval = Duration::seconds(1);

// The timer is set again after the work, so a slow one does not pile up.
void repeat(Timers& timers, Executor& executor, Duration interval, std::shared_ptr<std::atomic<bool>> stopped,
            std::function<void()> work) {
  timers.after(interval, executor, [&timers, &executor, interval, stopped, work = std::move(work)]() mutable {
    if (stopped->load()) return;
    work();
    repeat(timers, executor, interval, stopped, std::move(work));
  });
}

}  // namespace

EngineHost::EngineHost(Model& model, EngineHostOptions options, ServiceThreads& shared, Clock& clock,
                       Timers& timers)
    : model_(model),
      options_(std::move(options)),
      shared_(shared),
      clock_(clock),
      timers_(timers),
      stopped_(std::make_shared<std::atomic<bool>>(false)),
      decide_(options_.name, 1, options_.priority),
      commit_("commit", 1, options_.priority),
      project_("tables", 1, Priority::kBackground) {}

EngineHost::~EngineHost() = default;

Status EngineHost::start() {
  DUCAT_ASSIGN(journal_, storage::open_journal(options_.journal));
  DUCAT_ASSIGN(storage::OpenedTables opened, storage::open_tables(options_.tables));
  tables_ = std::move(opened.database);
  if (opened.thrown_away) {
    log::warn("engine.tables_thrown_away",
              {{"engine", options_.name},
               {"database", tables_->describe()},
               {"reason", "a sync had failed; they are made again from the journal"}});
  }
  feed_.open(*journal_);
  EngineOptions engine = options_.engine;
  engine.follow = options_.follow;
  std::function<bool()> may_lead;
  const EngineHost* first = nullptr;
  if (options_.together != nullptr && !options_.together->first.compare_exchange_strong(first, this)) {
    may_lead = [first] { return first->leads(); };
  }
  engine_ = std::make_unique<Engine>(
      model_,
      EnginePorts{decide_, commit_, project_, timers_, clock_, *journal_, *tables_, &feed_,
                  std::move(may_lead), [this](bool leading) { on_role(leading); }},
      std::move(engine));
  readers_ = std::make_unique<storage::ReaderPool>(*tables_, shared_.readers);
  Timestamp before = clock_.monotonic();
  DUCAT_TRY(engine_->start());
  started_ = true;
  EngineStats stats = engine_->stats();
  log::info(stats.leading ? "engine.recovered" : "engine.follows",
            {{"engine", options_.name},
             {"record", stats.durable},
             {"events", stats.end_position - 1},
             {"replayed", stats.lag_events},
             {"ms", (clock_.monotonic() - before).micros / 1000}});
  every(options_.checkpoint_interval, [this] { checkpoint(); });
  return {};
}

void EngineHost::every(Duration interval, std::function<void()> work, When when) {
  repeat(timers_, shared_.upkeep, interval, stopped_, [this, when, work = std::move(work)] {
    if (when == When::kAlways || leads()) work();
  });
}

// On the decide executor.
void EngineHost::on_role(bool leading) {
  if (!started_ || stopped_->load()) return;  // the start itself, or an end
  log::info(leading ? "engine.leads" : "engine.lost_the_lead", {{"engine", options_.name}});
  shared_.upkeep.post([this] {
    if (stopped_->load()) return;
    if (Status kept = keep_duties(); !kept) {
      log::error("engine.duties_failed", kept.error(), {{"engine", options_.name}});
    }
  });
}

Status EngineHost::while_leading(std::function<Status()> begin, std::function<void()> end) {
  {
    std::lock_guard lock(duties_mutex_);
    begin_duties_ = std::move(begin);
    end_duties_ = std::move(end);
  }
  DUCAT_TRY(keep_duties());
  // A role that changed before this was set, or duties that could not begin.
  repeat(timers_, shared_.upkeep, kDutiesInterval, stopped_, [this] {
    if (Status kept = keep_duties(); !kept) {
      log::error("engine.duties_failed", kept.error(), {{"engine", options_.name}});
    }
  });
  return {};
}

// Makes what is done what ought to be done.
Status EngineHost::keep_duties() {
  std::lock_guard lock(duties_mutex_);
  bool leading = leads();
  if (leading == on_duty_ || !begin_duties_) return {};
  if (leading) {
    DUCAT_TRY(begin_duties_());
  } else if (end_duties_) {
    end_duties_();
  }
  on_duty_ = leading;
  return {};
}

void EngineHost::end_duties() {
  std::lock_guard lock(duties_mutex_);
  if (on_duty_ && end_duties_) end_duties_();
  on_duty_ = false;
  begin_duties_ = nullptr;
}

void EngineHost::checkpoint() {
  for (storage::Database* database : {journal_.get(), tables_.get()}) {
    if (Status status = database->checkpoint(); !status && status.error().code != Errc::kUnavailable) {
      log::error("storage.checkpoint_failed", status.error(), {{"database", database->describe()}});
    }
  }
}

void EngineHost::stop() {
  stopped_->store(true);
  // A start that failed early has nothing that could answer.
  if (started_) {
    std::mutex mutex;
    std::condition_variable wake;
    bool done = false;
    engine_->stop([&] {
      std::lock_guard lock(mutex);
      done = true;
      wake.notify_one();
    });
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return done; });
  }
  project_.stop();
  commit_.stop();
  decide_.stop();
}

EngineStats EngineHost::stats() const {
  if (!engine_) return {};
  EngineStats stats = engine_->stats();
  if (tables_->in_doubt()) {
    if (!stats.trouble.empty()) stats.trouble += "; ";
    stats.trouble += "a sync of the tables has failed: the next start makes them again";
  }
  return stats;
}

Health health_of(std::span<const EngineStats> engines) {
  Health health{true, {}, Progress{}};
  for (const EngineStats& stats : engines) {
    health.ready = health.ready && (stats.leading || stats.following) && stats.reachable;
    // A service leads if all of it does.
    health.role = stats.leading && health.role != Role::kFollowing ? Role::kLeading : Role::kFollowing;
    if (health.detail.empty()) health.detail = stats.trouble;
    health.progress->position += stats.end_position - 1;
    health.progress->projected += stats.end_position - 1 - std::min(stats.lag_events, stats.end_position - 1);
  }
  return health;
}

std::vector<metrics::Watch> watch_engines(metrics::Registry& registry, std::string_view service,
                                          std::function<std::vector<EngineStats>()> engines) {
  using Number = double (*)(const EngineStats&);
  std::vector<metrics::Watch> watches;
  auto sum = [engines = std::move(engines)](Number number) {
    return [engines, number] {
      double total = 0;
      for (const EngineStats& stats : engines()) total += number(stats);
      return total;
    };
  };
  auto gauge = [&](std::string_view name, std::string_view help, Number number) {
    watches.push_back(registry.watch_gauge(name, help, {{"service", service}}, sum(number)));
  };
  auto counter = [&](std::string_view name, std::string_view help, Number number) {
    watches.push_back(registry.watch_counter(name, help, {{"service", service}}, sum(number)));
  };
  gauge("ducat_projection_lag_events", "Events the tables are behind the journal",
        [](const EngineStats& s) { return static_cast<double>(s.lag_events); });
  gauge("ducat_engine_waiting_operations", "Operations that wait to be decided",
        [](const EngineStats& s) { return static_cast<double>(s.waiting); });
  gauge("ducat_engine_idempotency_keys", "Idempotency keys that are remembered",
        [](const EngineStats& s) { return static_cast<double>(s.keys); });
  gauge("ducat_engine_leading", "Engines of the service that lead; the others follow",
        [](const EngineStats& s) { return s.leading ? 1.0 : 0.0; });
  counter("ducat_engine_operations_total", "Operations decided",
          [](const EngineStats& s) { return static_cast<double>(s.operations); });
  counter("ducat_engine_batches_total", "Batches decided",
          [](const EngineStats& s) { return static_cast<double>(s.batches); });
  counter("ducat_engine_recoveries_total", "Recoveries after a failed append",
          [](const EngineStats& s) { return static_cast<double>(s.recoveries); });
  counter("ducat_journal_records_total", "Records of the journal",
          [](const EngineStats& s) { return static_cast<double>(s.durable); });
  return watches;
}

}  // namespace ducat::kernel
