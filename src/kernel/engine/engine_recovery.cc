// Start, recovery, the watch over what waits, and stop.
#include <algorithm>

#include "base/hash.h"
#include "kernel/engine/engine.h"

namespace ducat::kernel {
namespace {

constexpr Duration kWatch = Duration::millis(250);
constexpr Duration kRenew = Duration::seconds(2);
constexpr Duration kRecoveryPause = Duration::millis(250);
// Events replayed before their rows are written, so that a rebuild from the beginning needs little memory.
constexpr uint64_t kReplayChunk = 100'000;

// Feeds a record's events to the model and its keys to memory.
class Replayer final : public RecordVisitor {
 public:
  Replayer(Model& model, RecentKeys& keys, const Record& record, Checkpoint from, Timestamp keys_since)
      : model_(model),
        keys_(keys),
        record_(record),
        events_(record.number > from.record),
        with_keys_(record.number > from.keys_record && record.at >= keys_since) {}

  void on_event(Position position, uint64_t stream, std::string_view body) override {
    if (events_ && status) status = model_.replay(position, stream, body, record_.at);
  }
  void on_key(std::string_view key, uint64_t fingerprint, std::string_view answer) override {
    if (with_keys_) {
      keys_.add(hash64(key), UsedKey{key, fingerprint, answer, record_.number, record_.at});
    }
  }
  Status status;

 private:
  Model& model_;
  RecentKeys& keys_;
  const Record& record_;
  bool events_;
  bool with_keys_;
};

}  // namespace

Status Engine::start() {
  bool may = !ports_.may_lead || ports_.may_lead();
  Result<std::unique_ptr<JournalWriter>> writer = fail(Errc::kBusy, "this engine may not lead now");
  if (may) writer = JournalWriter::lead(ports_.journal, options_.lease);
  if (writer) {
    writer_ = std::move(*writer);
    DUCAT_ASSIGN(reader_, JournalReader::open(ports_.journal));
    DUCAT_TRY(open_tables(writer_->epoch()));
    tables_taken_ = true;
    DUCAT_TRY(recover());
    state_ = State::kServing;
    begun_ = true;
    projector_->begin();
    set_leading(true);
  } else {
    Errc code = writer.error().code;
    bool led = code == Errc::kBusy || code == Errc::kConflict || code == Errc::kFenced;
    if (!led || !may_follow()) return propagate(writer);
    DUCAT_TRY(start_following());
  }
  {
    std::lock_guard lock(mutex_);
    accepting_ = true;
  }
  ports_.timers.after(kWatch, ports_.decide, [this] { watch(); });
  return {};
}

// `epoch`: of the leader, who takes the tables; 0 for a follower.
Status Engine::open_tables(uint64_t epoch) {
  {
    // The kernel's tables must be there before anybody opens them to read.
    DUCAT_ASSIGN(auto connection, ports_.tables.connect(storage::Access::kWriter));
    DUCAT_TRY(open_checkpoint(*connection));
    // An older leader's tables thread may still be writing; from here on it cannot.
    if (epoch != 0) DUCAT_TRY(take_tables(*connection, epoch));
  }
  if (may_follow()) followed_ = std::make_unique<SnapshotTables>(ports_.tables);
  DUCAT_TRY(model_.open(followed_ ? *followed_ : ports_.tables));
  DUCAT_ASSIGN(key_reader_, ports_.tables.connect(storage::Access::kReader));
  projector_ = std::make_unique<Projector>(
      Projector::Ports{ports_.project, ports_.timers, ports_.clock, ports_.tables, model_, epoch},
      options_.projector,
      [this](Written written) {
        ports_.decide.post(
            [this, written = std::move(written)]() mutable { on_written(std::move(written)); });
      },
      [this](const Error& error) { set_trouble(kTables, error.message); });
  return {};
}

// Everything decided after the last durable record is void: forget it and replay the journal's tail. The
// tables' writer is drained first, because the replay makes the changes it holds once more.
void Engine::start_recovery() {
  if (state_ == State::kFenced) return resign();
  if (state_ == State::kServing) state_ = State::kRecovering;
  projector_->discard([this] { ports_.decide.post([this] { retry_recovery(); }); });
}

void Engine::retry_recovery() {
  if (state_ == State::kFenced) return resign();
  Status status = recover();
  if (status) {
    note_reachable(true);
    end_trouble(kLoading);
    failing_ = false;
    if (!std::exchange(begun_, true)) projector_->begin();
    if (state_ == State::kRecovering) {
      state_ = State::kServing;
      set_leading(true);
    }
    recoveries_.fetch_add(1);
    if (lag_events_.load() == 0) release_readers(decided_.number);
    run();
    if (state_ == State::kStopping) try_stop();
    return;
  }
  set_trouble(kLoading, status.error().message);
  if (status.error().code == Errc::kFenced) return fenced(status.error());
  if (state_ == State::kStopping) return try_stop();
  // From the beginning: what this try has handed to the tables' writer would be counted twice.
  ports_.timers.after(kRecoveryPause, ports_.decide, [this] { start_recovery(); });
}

Status Engine::recover() {
  state_generation_ = generation_.load();
  DUCAT_TRY(writer_->reread());
  if (!tables_taken_) DUCAT_TRY(take_over_tables());
  DUCAT_TRY(model_.forget());
  recent_.clear();
  DUCAT_ASSIGN(Checkpoint checkpoint, read_checkpoint(*key_reader_));
  DUCAT_TRY(runs_.load(*key_reader_));
  lag_events_.store(0);
  DUCAT_TRY(replay_tail(checkpoint));
  decided_ = writer_->tip();
  decided_number_.store(decided_.number);
  end_position_.store(decided_.end_position);
  durable_.store(decided_.number);
  if (ports_.feed != nullptr) ports_.feed->reached(decided_.number);
  if (lag_events_.load() == 0) written_.store(decided_.number, std::memory_order_release);
  return {};
}

Status Engine::replay_tail(Checkpoint from) {
  const Tip tip = writer_->tip();
  if (from.record > tip.number) return fail(Errc::kCorrupt, "the tables are ahead of the journal");
  bool write_as_we_go = tip.number > from.record && state_ == State::kStarting;
  uint64_t unwritten = 0;
  RecordNumber last = from.record;
  auto flush = [&](bool at_end) -> Status {
    std::unique_ptr<Changes> changes = model_.take_changes(last);
    if (unwritten == 0) return {};
    projector_->add(last, static_cast<uint32_t>(unwritten), std::move(changes));
    lag_events_.fetch_add(unwritten);
    unwritten = 0;
    // What is left at the end is written while we serve already.
    if (!write_as_we_go || at_end) return {};
    return write_tail_now();
  };
  Timestamp keys_since = ports_.clock.now() - options_.key_life;
  auto read = reader_->read(std::min(from.record, from.keys_record), [&](const Record& record) -> Status {
    // A record that another leader appends meanwhile is not ours to replay; our next append will tell.
    if (record.number > tip.number) return {};
    DUCAT_TRY(renew_while_replaying());
    Replayer replayer(model_, recent_, record, from, keys_since);
    DUCAT_TRY(visit(record, replayer));
    DUCAT_TRY(std::move(replayer.status));
    if (state_ == State::kStarting) DUCAT_TRY(write_keys_of_tail(record.number));
    if (record.number <= from.record) return {};
    last = record.number;
    unwritten += record.events;
    return unwritten >= kReplayChunk ? flush(false) : Status{};
  });
  if (!read) return propagate(read);
  return flush(true);
}

// A replay may take longer than the lease, and who followed would begin the same one anew. A start goes on
// without the lead: its first append finds out.
Status Engine::renew_while_replaying() {
  if (!renewal_is_due(ports_.clock.monotonic())) return {};
  Status renewed = writer_->renew();
  bool lost = !renewed && renewed.error().code == Errc::kFenced && state_ != State::kStarting;
  return lost ? renewed : Status{};
}

// A start from nothing meets every key there is; memory holds two generations of them.
Status Engine::write_keys_of_tail(RecordNumber last) {
  if (!recent_.can_rotate()) return {};
  recent_.rotate(last);
  projector_->add_keys(recent_.take_elder(runs_.next_id()));
  return write_tail_now();
}

// On this thread, while the start has the tables to itself.
Status Engine::write_tail_now() {
  DUCAT_ASSIGN(std::vector<Written> written, projector_->write_now());
  for (Written& done : written) {
    if (done.key_run) {
      runs_.add(std::move(*done.key_run));
      recent_.forget_elder();
    }
    if (done.checkpoint.record == 0) continue;
    model_.written(done.checkpoint.record);
    lag_events_.fetch_sub(done.events);
    written_.store(done.checkpoint.record);
  }
  return {};
}

void Engine::watch() {
  if (state_ == State::kStopped) return;
  Timestamp now = ports_.clock.monotonic();
  run();
  expire_waiting(now);
  if (state_ == State::kFenced) expire_waiting({INT64_MAX});
  if (state_ == State::kStopping) try_stop();
  if (state_ == State::kFollowing) watch_as_follower(now);
  if (state_ == State::kServing) watch_as_leader(now);
  ports_.timers.after(kWatch, ports_.decide, [this] { watch(); });
}

// Once; the next time is kRenew later.
bool Engine::renewal_is_due(Timestamp now) {
  if (!writer_->shared() || now - last_renewal_ < kRenew) return false;
  last_renewal_ = now;
  return true;
}

void Engine::watch_as_leader(Timestamp now) {
  if (may_follow() && ports_.may_lead && !ports_.may_lead()) {
    return fenced({Errc::kFenced, "another process is to lead this journal"});
  }
  if (renewal_is_due(now)) ports_.commit.post([this] { renew_lease(); });
  std::vector<int64_t> old = runs_.older_than(ports_.clock.now() - options_.key_life);
  if (!old.empty() && !merging_) {
    for (int64_t run : old) runs_.remove(run);
    projector_->drop_keys(std::move(old));
  }
}

void Engine::expire_waiting(Timestamp now) {
  std::vector<Submission*> late;
  while (!waiting_.empty() && waiting_.front()->deadline_ <= now) {
    late.push_back(waiting_.front());
    waiting_count_.fetch_sub(waiting_.front()->size(), std::memory_order_relaxed);
    waiting_.pop_front();
  }
  refuse(late);
  std::vector<Reader> expired;
  {
    std::lock_guard lock(mutex_);
    auto split = std::partition(readers_.begin(), readers_.end(),
                                [&](const Reader& reader) { return reader.deadline > now; });
    expired.assign(split, readers_.end());
    readers_.erase(split, readers_.end());
  }
  for (const Reader& reader : expired) {
    *reader.status = fail(Errc::kUnavailable, "the tables lag too far behind");
    reader.home->post([waiter = reader.waiter] { waiter.resume(); });
  }
}

void Engine::stop(Work done) {
  ports_.decide.post([this, done = std::move(done)]() mutable {
    {
      std::lock_guard lock(mutex_);
      accepting_ = false;
    }
    on_stopped_ = std::move(done);
    if (state_ != State::kFenced && state_ != State::kFollowing) state_ = State::kStopping;
    quiet_until_ = {};
    run();
    try_stop();
  });
}

void Engine::try_stop() {
  if (state_ == State::kStopped || !on_stopped_) return;
  bool fenced = state_ == State::kFenced || state_ == State::kFollowing;
  if (!fenced && !failing_ && (!waiting_.empty() || !under_way_.empty())) return;
  bool tables_behind = lag_events_.load() > 0;
  bool tables_fail = (troubled_.load() & 1U << kTables) != 0;
  if (tables_behind && !fenced && !failing_ && !tables_fail) return projector_->want(durable_.load());
  expire_waiting({INT64_MAX});
  state_ = State::kStopped;
  set_leading(false);
  // The writer belongs to the commit executor; nothing else uses it any more.
  ports_.commit.post([this] {
    if (writer_) writer_->release();
    ports_.decide.post([this] {
      Work stopped = std::move(on_stopped_);
      stopped();
    });
  });
}

void Engine::note_reachable(bool reachable) {
  int64_t never = 0;
  if (reachable) {
    unreachable_since_.store(0);
  } else {
    unreachable_since_.compare_exchange_strong(never, ports_.clock.monotonic().micros);
  }
}

bool Engine::breaker_open() const {
  int64_t since = unreachable_since_.load(std::memory_order_relaxed);
  return since != 0 && ports_.clock.monotonic() - Timestamp{since} > options_.breaker;
}

void Engine::set_trouble(Part part, std::string what) {
  std::lock_guard lock(mutex_);
  troubles_[part] = std::move(what);
  troubled_.fetch_or(static_cast<uint8_t>(1U << part));
}

void Engine::end_trouble(Part part) {
  if ((troubled_.load(std::memory_order_relaxed) & 1U << part) == 0) return;
  std::lock_guard lock(mutex_);
  troubles_[part].clear();
  troubled_.fetch_and(static_cast<uint8_t>(~(1U << part)));
}

EngineStats Engine::stats() const {
  EngineStats stats;
  stats.decided = decided_number_.load();
  stats.durable = durable_.load();
  stats.written = written_.load();
  stats.end_position = end_position_.load();
  stats.lag_events = lag_events_.load();
  stats.batches = batches_.load();
  stats.operations = operations_.load();
  stats.waiting = waiting_count_.load();
  stats.recoveries = recoveries_.load();
  stats.keys = keys_.load();
  stats.leading = leading_.load();
  stats.following = in_step_.load();
  stats.reachable = unreachable_since_.load() == 0;
  std::lock_guard lock(mutex_);
  for (const std::string& trouble : troubles_) {
    if (trouble.empty()) continue;
    if (!stats.trouble.empty()) stats.trouble += "; ";
    stats.trouble += trouble;
  }
  return stats;
}

}  // namespace ducat::kernel
