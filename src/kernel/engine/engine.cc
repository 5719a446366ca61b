// Taking commands in, and deciding them. Commits stand in engine_commit.cc, start, recovery and stop in
// engine_recovery.cc.
#include "kernel/engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace ducat::kernel {
namespace {

// Batches that are decided and not yet durable. With much to do one is synced while the next is decided. With
// little, deciding takes no time worth hiding, and a batch that is closed early costs a sync for the few it
// holds: then the next is decided when this one is durable, with all that have come by then. Much is as many
// operations as cost together what a sync costs the processors, some 150 us.
constexpr size_t kBatchesUnderWay = 2;
constexpr uint64_t kMuchToDo = 32;  // operations
constexpr uint64_t kNobodyWakes = UINT64_MAX;
constexpr Duration kShortestRest = Duration::millis(1);  // less is not worth a timer

// Finds one key in a record; `found` views the record.
class KeyFinder final : public RecordVisitor {
 public:
  KeyFinder(std::string_view key, const Record& record) : key_(key), record_(record) {}
  void on_key(std::string_view key, uint64_t fingerprint, std::string_view answer) override {
    if (key == key_) found = UsedKey{key, fingerprint, answer, record_.number, record_.at};
  }
  std::optional<UsedKey> found;

 private:
  std::string_view key_;
  const Record& record_;
};

}  // namespace

Engine::Engine(Model& model, EnginePorts ports, EngineOptions options)
    : model_(model), ports_(ports), options_(std::move(options)), recent_(options_.keys_in_memory) {}

Engine::~Engine() = default;

void Engine::enqueue(Submission& submission, std::coroutine_handle<> waiter) {
  submission.waiter_ = waiter;
  submission.deadline_ = ports_.clock.monotonic() + options_.wait;
  bool post = false;
  {
    std::lock_guard lock(mutex_);
    bool leads_or_reads = submission.read_only || !following_.load(std::memory_order_relaxed);
    if (accepting_ && leads_or_reads &&
        inbox_operations_ + waiting_count_.load(std::memory_order_relaxed) < options_.waiting_operations) {
      inbox_.push_back(&submission);
      inbox_operations_ += submission.size();
      uint64_t waiting = inbox_operations_ + waiting_count_.load(std::memory_order_relaxed);
      asked_ |= submission.size() == 0;
      post = !posted_ && (waiting >= wake_at_ || asked_ || breaker_open());
      posted_ |= post;
    } else {
      Submission* refused[] = {&submission};
      refuse(refused);
      return;
    }
  }
  if (post) ports_.decide.post([this] { run(); });
}

bool Engine::may_decide() const {
  return (state_ == State::kServing || state_ == State::kStopping) && !failing_ && !resting_ &&
         under_way_.size() <
             (waiting_count_.load(std::memory_order_relaxed) < kMuchToDo ? 1 : kBatchesUnderWay) &&
         lag_events_.load(std::memory_order_relaxed) < options_.lag_events;
}

void Engine::run() {
  do {
    take_inbox();
    // Whoever waits for a dependency that is down has waited long enough; those under way find out what
    // became of them.
    if (!waiting_.empty() && breaker_open()) expire_waiting({INT64_MAX});
    if (state_ == State::kFollowing) serve_reads();
    while (!waiting_.empty() && may_decide()) {
      std::vector<Submission*> batch;
      take_waiting(batch);
      Position before = decided_.end_position;
      decide(std::move(batch));
      owed_rest_.micros += rest_for(decided_.end_position - before).micros;
      if (owed_rest_ >= kShortestRest) rest(std::exchange(owed_rest_, {}));
    }
  } while (!idle());
}

// Tables are written in the background, a large commit after the other. Whoever had to wait for one when
// their lag has reached its limit would wait for long; so commands come slower and slower before.
Duration Engine::rest_for(uint64_t events) const {
  const uint64_t half = std::max<uint64_t>(options_.lag_events / 2, 1),
                 lag = lag_events_.load(std::memory_order_relaxed);
  if (lag <= half) return options_.pace;
  uint64_t rest =
      static_cast<uint64_t>(options_.lag_rest.micros) * events * std::min(lag - half, half) / half;
  return std::max(options_.pace, Duration{static_cast<int64_t>(rest)});
}

void Engine::rest(Duration time) {
  resting_ = true;
  ports_.timers.after(time, ports_.decide, [this] {
    resting_ = false;
    run();
  });
}

void Engine::take_inbox() {
  {
    std::lock_guard lock(mutex_);
    posted_ = true;
    arrived_.swap(inbox_);
    waiting_count_.fetch_add(inbox_operations_, std::memory_order_relaxed);
    inbox_operations_ = 0;
    asked_ = false;
  }
  waiting_.insert(waiting_.end(), arrived_.begin(), arrived_.end());
  arrived_.clear();
}

// A wake-up costs more than deciding a command. So while batches are under way, whose return runs us anyway,
// an arrival wakes us only if it lets another batch start. False: that much has arrived meanwhile.
bool Engine::idle() {
  std::lock_guard lock(mutex_);
  bool back_soon = state_ == State::kServing && !under_way_.empty();
  wake_at_ = resting_                               ? kNobodyWakes
             : !back_soon                           ? 1
             : under_way_.size() < kBatchesUnderWay ? kMuchToDo
                                                    : kNobodyWakes;
  bool enough = inbox_operations_ + waiting_count_.load(std::memory_order_relaxed) >= wake_at_;
  posted_ = !inbox_.empty() && (enough || asked_);
  return !posted_;
}

void Engine::take_waiting(std::vector<Submission*>& batch) {
  size_t operations = 0;
  std::vector<Submission*> refused;
  bool quiet = ports_.clock.monotonic() < quiet_until_;
  while (!waiting_.empty()) {
    Submission* next = waiting_.front();
    size_t size = next->size();
    if (!batch.empty() && operations + size > options_.batch_operations) break;
    waiting_.pop_front();
    waiting_count_.fetch_sub(size, std::memory_order_relaxed);
    if (quiet && !next->read_only) {
      refused.push_back(next);
      continue;
    }
    operations += size;
    batch.push_back(next);
  }
  operations_.fetch_add(operations, std::memory_order_relaxed);
  refuse(refused);
}

void Engine::decide(std::vector<Submission*> submissions) {
  if (submissions.empty()) return;
  Status ready = find_old_keys(submissions);
  if (ready) ready = model_.load(submissions);
  if (!ready) {
    set_trouble(kLoading, ready.error().message);
    refuse(submissions);
    return;
  }
  end_trouble(kLoading);

  Timestamp now = std::max(ports_.clock.now(), decided_.at);
  RecordBuilder builder;
  builder.start(decided_.number + 1, decided_.end_position, writer_->epoch(), now);
  DecideContext context{now, builder};
  for (Submission* submission : submissions) decide_submission(*submission, context);

  auto batch = std::make_shared<Batch>();
  batch->generation = state_generation_;
  batch->has_record = !builder.empty();
  if (batch->has_record) {
    batch->record = std::make_shared<Record>(builder.take());
    batch->changes = model_.take_changes(batch->record->number);
    decided_.number = batch->record->number;
    decided_.end_position = batch->record->end_position();
    decided_.at = now;
    decided_number_.store(decided_.number, std::memory_order_relaxed);
    end_position_.store(decided_.end_position, std::memory_order_relaxed);
    lag_events_.fetch_add(batch->record->events, std::memory_order_relaxed);
  }
  batch->seen = decided_.number;
  batch->submissions = std::move(submissions);
  batches_.fetch_add(1, std::memory_order_relaxed);
  under_way_.push_back(batch);
  ports_.commit.post([this, batch = std::move(batch)]() mutable {
    to_commit_.push_back(std::move(batch));
    commit_waiting();
  });
}

Status Engine::find_old_keys(std::span<Submission* const> batch) {
  old_keys_.clear();
  for (Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i) {
      Operation& operation = submission->at(i);
      if (operation.key.empty()) continue;
      operation.key_hash = hash64(operation.key);
      if (!runs_.may_contain(operation.key_hash) || recent_.find(operation.key_hash, operation.key)) continue;
      DUCAT_ASSIGN(std::vector<RecordNumber> records, runs_.find(*key_reader_, operation.key_hash));
      for (RecordNumber number : records) {
        DUCAT_ASSIGN(Record record, reader_->record(number));
        KeyFinder finder(operation.key, record);
        DUCAT_TRY(visit(record, finder));
        if (!finder.found) continue;
        old_keys_.emplace(operation.key_hash,
                          OldKey{std::string(finder.found->key), std::string(finder.found->answer),
                                 finder.found->fingerprint, finder.found->record, finder.found->at});
      }
    }
  }
  return {};
}

void Engine::decide_submission(Submission& submission, DecideContext& context) {
  size_t size = submission.size();
  if (!submission.atomic) {
    for (size_t i = 0; i < size; ++i) decide_operation(submission.at(i), context);
    return;
  }
  RecordBuilder::Mark mark = context.record.mark();
  group_keys_.clear();
  model_.begin_group();
  size_t failed = 0;
  for (; failed < size; ++failed) {
    decide_operation(submission.at(failed), context);
    Verdict verdict = submission.at(failed).verdict;
    if (verdict == Verdict::kRefused || verdict == Verdict::kKeyReused) break;
  }
  if (failed < size) {
    model_.undo_group();
    context.record.rewind(mark);
    for (auto added = group_keys_.rbegin(); added != group_keys_.rend(); ++added) {
      recent_.remove((*added)->key_hash, (*added)->key);
    }
    for (size_t i = 0; i < size; ++i) {
      if (i != failed) submission.at(i).verdict = Verdict::kSkipped;
    }
  }
  model_.end_group();
  group_keys_.clear();
}

void Engine::decide_operation(Operation& operation, DecideContext& context) {
  if (!operation.key.empty() && look_at_key(operation, context.now)) return;
  if (context.now > operation.not_after) {
    operation.verdict = Verdict::kUnavailable;
    return;
  }
  if (!model_.decide(operation, context)) {
    operation.verdict = Verdict::kRefused;
    return;
  }
  operation.verdict = Verdict::kAccepted;
  if (operation.key.empty() || !operation.records_key) return;
  if (operation.key_hash == 0) operation.key_hash = hash64(operation.key);
  answer_.clear();
  if (!operation.frees_key) model_.encode_answer(operation, answer_);
  context.record.key(operation.key, operation.fingerprint, answer_);
  recent_.add(operation.key_hash,
              UsedKey{operation.key, operation.fingerprint, answer_, decided_.number + 1, context.now});
  group_keys_.push_back(&operation);
}

// True: its key answers it.
bool Engine::look_at_key(Operation& operation, Timestamp now) {
  std::optional<UsedKey> used = recent_.find(operation.key_hash, operation.key);
  if (!used) {
    auto [from, to] = old_keys_.equal_range(operation.key_hash);
    for (auto at = from; at != to; ++at) {
      const OldKey& old = at->second;
      if (old.key != operation.key || (used && used->record > old.record)) continue;
      used = UsedKey{old.key, old.fingerprint, old.answer, old.record, old.at};
    }
  }
  if (!used || used->answer.empty() || used->at + options_.key_life < now) return false;
  if (used->fingerprint != operation.fingerprint) {
    operation.verdict = Verdict::kKeyReused;
    return true;
  }
  Status readable = model_.decode_answer(used->answer, operation);
  DUCAT_CHECK(readable.has_value(), "a stored answer cannot be read");
  if (operation.frees_key) return false;
  operation.verdict = Verdict::kReplayed;
  return true;
}

}  // namespace ducat::kernel
