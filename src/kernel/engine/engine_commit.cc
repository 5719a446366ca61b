// Making records durable, answering, and following the tables.
#include <algorithm>

#include "base/check.h"
#include "kernel/engine/engine.h"

namespace ducat::kernel {
namespace {

constexpr Duration kAppendPause = Duration::millis(50);  // between two tries of one append
constexpr Duration kQuiet = Duration::millis(500);       // after a failed append, before the next is tried

}  // namespace

void Engine::settle(std::span<Submission* const> submissions) {
  // Few homes (one for each I/O thread), so a linear search is the quickest.
  std::vector<std::pair<Executor*, std::vector<std::coroutine_handle<>>>> homes;
  for (Submission* submission : submissions) {
    auto home = std::find_if(homes.begin(), homes.end(),
                             [&](auto& known) { return known.first == submission->home_; });
    if (home == homes.end()) {
      homes.emplace_back(submission->home_, std::vector<std::coroutine_handle<>>());
      home = homes.end() - 1;
    }
    home->second.push_back(submission->waiter_);
  }
  for (auto& [executor, waiters] : homes) {
    executor->post([waiters = std::move(waiters)] {
      for (std::coroutine_handle<> waiter : waiters) waiter.resume();
    });
  }
}

void Engine::refuse(std::span<Submission* const> submissions) {
  for (Submission* submission : submissions) {
    for (size_t i = 0; i < submission->size(); ++i) submission->at(i).verdict = Verdict::kUnavailable;
  }
  settle(submissions);
}

void Engine::commit_waiting() {
  while (!to_commit_.empty() && !retrying_) {
    std::shared_ptr<Batch> batch = to_commit_.front();
    Status status;
    if (batch->generation != generation_.load(std::memory_order_relaxed)) {
      status = fail(Errc::kUnavailable, "an earlier batch could not be written");
    } else if (batch->has_record && !try_append(*batch->record, status)) {
      retrying_ = true;
      ports_.timers.after(kAppendPause, ports_.commit, [this] {
        retrying_ = false;
        commit_waiting();
      });
      return;
    } else if (!batch->has_record && may_follow()) {
      // Whoever has taken our place may have acknowledged what these reads have not seen.
      status = writer_->confirm();
      if (!status && status.error().retryable()) note_reachable(false);
    }
    to_commit_.pop_front();
    give_up_at_ = {};
    if (status) {
      if (batch->has_record) end_trouble(kJournal);
      for (Submission* submission : batch->submissions) submission->seen = batch->seen;
      if (batch->has_record) durable_.store(batch->record->number, std::memory_order_release);
      // Before the answers: whoever has one finds its events in the feed.
      if (ports_.feed != nullptr && batch->has_record) ports_.feed->durable(batch->record);
      settle(batch->submissions);
    } else {
      // Everything decided on top of it is void as well.
      if (batch->generation == generation_.load(std::memory_order_relaxed)) generation_.fetch_add(1);
      // Reads were answered from void state, but nothing stands in their way: they are decided once more.
      auto reads = std::stable_partition(batch->submissions.begin(), batch->submissions.end(),
                                         [](const Submission* submission) { return !submission->read_only; });
      refuse(std::span(batch->submissions.begin(), reads));
      batch->submissions.erase(batch->submissions.begin(), reads);
    }
    ports_.decide.post([this, batch = std::move(batch), status = std::move(status)]() mutable {
      on_committed(std::move(batch), std::move(status));
    });
  }
}

// True when the outcome is known (in `status`), false to try again in a moment.
bool Engine::try_append(Record& record, Status& status) {
  Timestamp now = ports_.clock.monotonic();
  if (give_up_at_.micros == 0) {
    give_up_at_ = now + options_.append_retry;
    outcome_unknown_ = false;
  }
  if (outcome_unknown_) {
    Result<bool> there = writer_->resolve(record);
    if (there && *there) {
      status = {};
      return true;
    }
    if (!there) {
      status = propagate(there);
      return !status.error().retryable() || now >= give_up_at_;
    }
    outcome_unknown_ = false;
  }
  status = writer_->append(record);
  if (status) {
    note_reachable(true);
    return true;
  }
  Errc code = status.error().code;
  outcome_unknown_ = code == Errc::kTimeout;
  bool may_pass = code == Errc::kTimeout || code == Errc::kUnavailable;
  if (may_pass) {
    note_reachable(!writer_->shared());
    set_trouble(kJournal, status.error().message);
  }
  return !may_pass || now >= give_up_at_;
}

void Engine::renew_lease() {
  if (!writer_) return;  // resigned meanwhile
  Status status = writer_->renew();
  note_reachable(status.has_value());
  if (!status && status.error().code == Errc::kFenced) {
    generation_.fetch_add(1);
    ports_.decide.post([this, status = std::move(status)] { fenced(status.error()); });
  }
}

void Engine::on_committed(std::shared_ptr<Batch> batch, Status status) {
  DUCAT_CHECK(!under_way_.empty() && under_way_.front() == batch, "batches commit in order");
  under_way_.pop_front();
  if (status) {
    if (batch->has_record) {
      projector_->add(batch->record->number, batch->record->events, std::move(batch->changes));
      look_after_keys();
    }
    run();
    if (state_ == State::kStopping) try_stop();
    if (state_ == State::kFenced && under_way_.empty()) resign();
    return;
  }
  for (Submission* read : batch->submissions) {
    waiting_.push_back(read);
    waiting_count_.fetch_add(read->size(), std::memory_order_relaxed);
  }
  failing_ = true;
  quiet_until_ = ports_.clock.monotonic() + kQuiet;
  set_trouble(kJournal, status.error().message);
  if (status.error().code == Errc::kFenced) return fenced(status.error());
  if (under_way_.empty()) start_recovery();
}

void Engine::look_after_keys() {
  RecordNumber durable = durable_.load(std::memory_order_relaxed);
  if (recent_.can_rotate()) recent_.rotate(decided_.number);
  if (recent_.elder_ready(durable)) projector_->add_keys(recent_.take_elder(runs_.next_id()));
  keys_.store(recent_.size() + runs_.keys(), std::memory_order_relaxed);
}

void Engine::on_written(Written written) {
  if (written.key_run) {
    runs_.add(std::move(*written.key_run));
    recent_.forget_elder();
    look_after_keys();
  }
  if (written.checkpoint.record != 0) {
    model_.written(written.checkpoint.record);
    lag_events_.fetch_sub(written.events, std::memory_order_relaxed);
    release_readers(written.checkpoint.record);
    end_trouble(kTables);
  }
  std::vector<KeyRun> due = merging_ ? std::vector<KeyRun>{} : runs_.due_for_merge();
  if (!due.empty()) {
    merging_ = true;
    std::vector<int64_t> old;
    for (const KeyRun& run : due) old.push_back(run.id);
    projector_->merge_keys(
        std::move(due), runs_.next_id(), [this, old = std::move(old)](Result<KeyRun> merged) mutable {
          ports_.decide.post([this, old = std::move(old), merged = std::move(merged)]() mutable {
            merging_ = false;
            if (!merged) return set_trouble(kTables, merged.error().message);
            runs_.add(std::move(*merged));
            for (int64_t run : old) runs_.remove(run);
            projector_->drop_keys(std::move(old));
          });
        });
  }
  run();
  if (state_ == State::kStopping) try_stop();
}

// The tables have everything up to this record.
void Engine::release_readers(RecordNumber written) {
  std::vector<Reader> ready;
  {
    std::lock_guard lock(mutex_);
    if (written > written_.load(std::memory_order_relaxed))
      written_.store(written, std::memory_order_release);
    auto split = std::partition(readers_.begin(), readers_.end(),
                                [&](const Reader& reader) { return reader.record > written; });
    ready.assign(split, readers_.end());
    readers_.erase(split, readers_.end());
  }
  for (const Reader& reader : ready) reader.home->post([waiter = reader.waiter] { waiter.resume(); });
}

void Engine::add_reader(RecordNumber record, Executor& home, std::coroutine_handle<> waiter, Status* status) {
  {
    std::lock_guard lock(mutex_);
    if (accepting_ && written_.load(std::memory_order_relaxed) < record) {
      readers_.push_back({record, &home, waiter, status, ports_.clock.monotonic() + options_.wait});
      waiter = {};
    } else if (written_.load(std::memory_order_relaxed) < record) {
      *status = fail(Errc::kUnavailable, "the service is stopping");
    }
  }
  if (waiter) {
    home.post([waiter] { waiter.resume(); });
  } else if (following_.load(std::memory_order_relaxed)) {
    ports_.decide.post([this] { poll_written(); });
  } else {
    projector_->want(record);
  }
}

}  // namespace ducat::kernel
