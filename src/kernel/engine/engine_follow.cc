// While somebody else leads: following the journal, answering reads, and taking over; and the way back, when
// a lead is lost.
//
// A follower is a recovery that never ends. Its model reads the tables within a snapshot, as of their
// checkpoint, and replays every record after it; now and then it moves on to a newer snapshot and may forget
// what that one has. A read is answered after the journal was read to its end, by a query that began after
// the read had come: so it sees every write that was acknowledged before, whoever acknowledged it. One query
// serves all reads that wait.
#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "kernel/engine/engine.h"

namespace ducat::kernel {
namespace {

constexpr Duration kPoll = Duration::millis(20);  // of the tables' position, while somebody waits for it

// Feeds a record of the leader to the model.
class FollowedRecord final : public RecordVisitor {
 public:
  FollowedRecord(Model& model, TouchedStreams& touched, const Record& record)
      : model_(model), touched_(touched), record_(record) {}
  void on_event(Position position, uint64_t stream, std::string_view body) override {
    if (!status) return;
    touched_.add(stream, record_.number);
    status = model_.replay(position, stream, body, record_.at);
  }
  Status status;

 private:
  Model& model_;
  TouchedStreams& touched_;
  const Record& record_;
};

// Asks for nothing but how far the journal is.
class NoOperations final : public Submission {
 public:
  explicit NoOperations(Executor& home) : Submission(home) { read_only = true; }
  size_t size() const override { return 0; }
  Operation& at(size_t) override { return none_; }

 private:
  Operation none_;  // never asked for
};

}  // namespace

bool Engine::may_follow() const {
  return options_.follow && ports_.journal.dialect() == storage::Dialect::kPostgres;
}

Status Engine::start_following() {
  DUCAT_ASSIGN(candidate_, JournalWriter::open(ports_.journal, options_.lease));
  DUCAT_ASSIGN(reader_, JournalReader::open(ports_.journal));
  DUCAT_TRY(open_tables(0));
  state_ = State::kFollowing;
  following_.store(true);
  Status joined = join();
  if (!joined && !joined.error().retryable()) return joined;
  if (!joined) out_of_step(joined.error());
  return {};
}

// Begins to follow, from what the tables have.
Status Engine::join() {
  in_step_ = false;
  DUCAT_ASSIGN(Checkpoint held, followed_->hold());
  DUCAT_TRY(model_.forget());
  recent_.clear();
  DUCAT_ASSIGN(decided_, reader_->tip_at(held.record));
  held_ = held.record;
  held_position_ = decided_.end_position;
  touched_.restart(decided_);
  DUCAT_TRY(follow());
  in_step_ = true;
  end_trouble(kJournal);
  end_trouble(kLoading);
  return {};
}

// Replays what the leader has appended, up to the journal's end.
Status Engine::follow() {
  Status status = reader_->follow(decided_, [this](const Record& record) -> Status {
    if (record.end_position() - held_position_ > options_.follow_events) {
      return fail(Errc::kUnavailable, "the tables are too far behind the journal to follow it");
    }
    FollowedRecord visitor(model_, touched_, record);
    DUCAT_TRY(visit(record, visitor));
    DUCAT_TRY(std::move(visitor.status));
    touched_.reach(record.number, record.checksum);
    // The leader writes them; here they only keep the states in memory.
    static_cast<void>(model_.take_changes(record.number));
    return {};
  });
  note_reachable(status.has_value() || !status.error().retryable());
  decided_number_.store(decided_.number);
  end_position_.store(decided_.end_position);
  durable_.store(decided_.number, std::memory_order_release);
  lag_events_.store(decided_.end_position - held_position_);
  return status;
}

// To a newer snapshot, so that memory need not keep what the tables have, and the server not what they had.
Status Engine::move_snapshot() {
  DUCAT_ASSIGN(Checkpoint next, followed_->prepare());
  DUCAT_TRY(follow());
  if (next.record > decided_.number) return fail(Errc::kCorrupt, "the tables are ahead of the journal");
  if (next.record != held_) {
    DUCAT_ASSIGN(Tip tip, reader_->tip_at(next.record));
    held_position_ = tip.end_position;
  }
  followed_->move_on();
  held_ = next.record;
  model_.written(held_);
  lag_events_.store(decided_.end_position - held_position_);
  release_readers(held_);
  return {};
}

// What is in memory cannot be trusted any more, or not be brought up to date: `join` begins anew.
void Engine::out_of_step(const Error& why) {
  in_step_ = false;
  if (why.retryable()) note_reachable(false);
  set_trouble(kLoading, why.message);
}

void Engine::serve_reads() {
  while (!waiting_.empty()) {
    std::vector<Submission*> batch;
    take_waiting(batch);
    auto writes = std::stable_partition(batch.begin(), batch.end(),
                                        [](const Submission* submission) { return submission->read_only; });
    refuse(std::span(writes, batch.end()));
    batch.erase(writes, batch.end());
    if (batch.empty()) continue;
    Status ready = in_step_ ? follow() : fail(Errc::kUnavailable, "out of step with the journal");
    if (ready) ready = model_.load(batch);
    if (!ready) {
      if (in_step_) out_of_step(ready.error());
      refuse(batch);
      continue;
    }
    RecordBuilder builder;
    builder.start(decided_.number + 1, decided_.end_position, decided_.epoch, decided_.at);
    DecideContext context{std::max(ports_.clock.now(), decided_.at), builder};
    for (Submission* submission : batch) {
      decide_submission(*submission, context);
      submission->seen = decided_.number;
    }
    DUCAT_CHECK(builder.empty(), "what is marked as reading only changes nothing");
    batches_.fetch_add(1, std::memory_order_relaxed);
    settle(batch);
  }
}

Task<RecordNumber> Engine::latest(Executor& home) {
  // Where nobody else can lead, what is durable here is the newest.
  if (leads() && !may_follow()) co_return durable_.load(std::memory_order_acquire);
  NoOperations look(home);
  co_await submit(look);
  co_return look.seen;
}

// Who reads tables on a follower waits for the leader to write them.
void Engine::poll_written() {
  if (state_ != State::kFollowing || polling_) return;
  {
    std::lock_guard lock(mutex_);
    if (readers_.empty()) return;
  }
  Result<Checkpoint> at = read_checkpoint(*key_reader_);
  if (at) {
    release_readers(at->record);
    end_trouble(kTables);
  } else {
    set_trouble(kTables, at.error().message);
  }
  polling_ = true;
  ports_.timers.after(kPoll, ports_.decide, [this] {
    polling_ = false;
    poll_written();
  });
}

void Engine::watch_as_follower(Timestamp now) {
  Status status = in_step_ ? move_snapshot() : join();
  if (!status) out_of_step(status.error());
  bool may = !ports_.may_lead || ports_.may_lead();
  if (trying_ || now < next_try_ || !may) return;
  trying_ = true;
  ports_.commit.post([this] { try_to_lead(); });
}

void Engine::try_to_lead() {
  Status status;
  if (!candidate_) {
    auto opened = JournalWriter::open(ports_.journal, options_.lease);
    if (opened) candidate_ = std::move(*opened);
    if (!opened) status = propagate(opened);
  }
  if (status) status = candidate_->take_lead();
  std::unique_ptr<JournalWriter> won;
  if (status) won = std::move(candidate_);
  // Another candidate must find the place free if this one has half taken it.
  if (!status && status.error().code != Errc::kBusy) candidate_.reset();
  ports_.decide.post([this, won = std::move(won)]() mutable {
    trying_ = false;
    // Jitter, so that followers do not come in step: half of the interval to one and a half.
    auto interval = static_cast<uint64_t>(options_.lead_interval.micros);
    uint64_t jitter = hash64(options_.lease.holder + std::to_string(++tries_)) % (interval + 1);
    next_try_ = ports_.clock.monotonic() + Duration{static_cast<int64_t>(interval / 2 + jitter)};
    if (won) begin_leading(std::move(won));
  });
}

// The journal is ours. What is in memory was made from snapshots; the recovery makes it anew from the tables,
// once nobody else can write them.
void Engine::begin_leading(std::unique_ptr<JournalWriter> writer) {
  if (state_ != State::kFollowing) return writer->release();  // we are stopping
  writer_ = std::move(writer);
  state_ = State::kRecovering;
  failing_ = true;
  in_step_ = false;
  tables_taken_ = false;
  quiet_until_ = {};
  last_renewal_ = ports_.clock.monotonic();
  following_.store(false);
  followed_->let_go();
  projector_->lead(writer_->epoch());
  if (ports_.feed != nullptr) ports_.feed->begin_term();
  start_recovery();
}

Status Engine::take_over_tables() {
  DUCAT_ASSIGN(auto connection, ports_.tables.connect(storage::Access::kWriter));
  DUCAT_TRY(take_tables(*connection, writer_->epoch()));
  tables_taken_ = true;
  return {};
}

// Somebody else leads, or is to lead.
void Engine::fenced(const Error& why) {
  if (state_ == State::kStopped || state_ == State::kFollowing) return;
  state_ = State::kFenced;
  set_leading(false);
  set_trouble(kJournal, why.message);
  if (under_way_.empty()) resign();
}

// From a lead that is lost to following. Nothing is under way; what waits may be asked elsewhere.
void Engine::resign() {
  expire_waiting({INT64_MAX});
  if (on_stopped_) return try_stop();
  if (!may_follow() || resigning_) return;
  resigning_ = true;
  projector_->discard([this] {
    ports_.commit.post([this] {
      // Its sessions end with it: the lock that shows that we live is free for whoever leads.
      writer_->release();
      writer_.reset();
      ports_.decide.post([this] { become_follower(); });
    });
  });
}

void Engine::become_follower() {
  resigning_ = false;
  if (state_ != State::kFenced) return;  // we are stopping
  state_ = State::kFollowing;
  following_.store(true);
  failing_ = false;
  quiet_until_ = {};
  // Time for the new leader to take the lock, so that nobody mistakes him for dead.
  next_try_ = ports_.clock.monotonic() + options_.lease.duration;
  if (Status joined = join(); !joined) out_of_step(joined.error());
}

void Engine::set_leading(bool leading) {
  if (leading_.exchange(leading) != leading && ports_.on_role) ports_.on_role(leading);
}

}  // namespace ducat::kernel
