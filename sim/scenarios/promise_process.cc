#include "sim/scenarios/promise_process.h"

namespace ducat::sim {

PromiseProcess::PromiseProcess(const PromiseGround& ground, EnginePlan plan, PromiseWatch::Follower::Of of,
                               kernel::Model& model)
    : ground_(ground),
      plan_(std::move(plan)),
      model_(model),
      follower_(ground.watch, of),
      client_(ground.world, ground.broker, ground.machine.name()) {}

// Whatever is still queued belongs to this process: it goes before it.
PromiseProcess::~PromiseProcess() {
  client_.disconnect();
  scheduler().drop(ground_.machine.name() + ".");
}

Executor& PromiseProcess::executor(std::string_view name, size_t threads) {
  return ground_.world.scheduler().executor(ground_.machine.name() + "." + std::string(name), threads);
}

Status PromiseProcess::open() {
  World& world = ground_.world;
  DUCAT_ASSIGN(journal_, open_journal(world, plan_, ""));
  DUCAT_ASSIGN(tables_, open_tables(world, plan_, ""));
  feed_.open(*journal_);
  // What cannot be read now is read with the next record.
  feed_.listen([this] { (void)follower_.follow(feed_); });
  kernel::EnginePorts ports{executor("decide"),
                            executor("commit"),
                            executor("project"),
                            scheduler(),
                            scheduler(),
                            *journal_,
                            *tables_,
                            &feed_};
  engine_ = std::make_unique<kernel::Engine>(model_, ports, plan_.engine);
  readers_ = std::make_unique<storage::ReaderPool>(*tables_, executor("readers", 2));
  DUCAT_TRY(engine_->start());
  started_ = true;
  DUCAT_TRY(follower_.follow(feed_));
  DUCAT_TRY(follower_.is_complete());
  after(plan_.checkpoint_every, [this] { checkpoint(); });
  return {};
}

Status PromiseProcess::consume(broker::ConsumerOptions options, broker::Handler handler) {
  options.clock = &scheduler();
  options.first_pause = Duration::millis(100);
  options.retries = -1;
  auto consumer = std::make_unique<broker::Consumer>(client_, scheduler(), executor("consume"),
                                                     std::move(options), std::move(handler));
  DUCAT_TRY(consumer->start());
  consumer_ = std::move(consumer);
  return {};
}

void PromiseProcess::after(Duration interval, Work work) {
  if (stopping_) return;
  scheduler().after(interval, executor("upkeep"), [this, work = std::move(work)]() mutable {
    if (!stopping_) work();
  });
}

void PromiseProcess::checkpoint() {
  for (auto* database : {journal_.get(), tables_.get()}) {
    if (Status done = database->checkpoint(); !done) note_error(done.error());
  }
  after(plan_.checkpoint_every, [this] { checkpoint(); });
}

void PromiseProcess::note_error(const Error& error) {
  if (error.code != Errc::kCorrupt || ground_.machine.disk().dead()) return;
  ground_.watch.found_broken(ground_.machine.name() + ": " + error.message);
}

void PromiseProcess::stop() {
  if (stopping_) return;
  stopping_ = true;
  client_.disconnect();
  engine_ended_ = !started_;
  consumer_ended_ = consumer_ == nullptr;
  if (consumer_) consumer_->stop([this] { consumer_ended_ = true; });
  if (started_) engine_->stop([this] { engine_ended_ = true; });
}

bool PromiseProcess::stopped() const {
  return stopping_ && engine_ended_ && consumer_ended_ && tasks_ == 0;
}

}  // namespace ducat::sim
