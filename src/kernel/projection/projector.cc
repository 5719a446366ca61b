// Behind the journal; see projector.h.
#include "kernel/projection/projector.h"

#include "base/fault_point.h"
#include "generated/projection_migrations.h"

namespace ducat::kernel {

Result<Checkpoint> open_checkpoint(storage::Connection& connection) {
  DUCAT_TRY(storage::migrate(connection, "projection", storage::projection_migrations()));
  return read_checkpoint(connection);
}

Result<Checkpoint> read_checkpoint(storage::Connection& connection) {
  Checkpoint checkpoint;
  DUCAT_TRY(connection.query(
      "SELECT record, keys_record FROM projection_checkpoint WHERE one = 1", {},
      [&](const storage::Row& row) {
        checkpoint = {static_cast<uint64_t>(row.int64(0)), static_cast<uint64_t>(row.int64(1))};
      }));
  return checkpoint;
}

Status take_tables(storage::Connection& connection, uint64_t epoch) {
  DUCAT_ASSIGN(int64_t taken,
               connection.execute("UPDATE projection_checkpoint SET epoch = $1 WHERE one = 1 AND epoch <= $1",
                                  {static_cast<int64_t>(epoch)}));
  if (taken == 1) return {};
  return fail(Errc::kFenced, "the tables belong to a newer leader");
}

Projector::Projector(Ports ports, ProjectorOptions options, OnWritten on_written, OnError on_error)
    : ports_(ports),
      options_(options),
      on_written_(std::move(on_written)),
      on_error_(std::move(on_error)),
      epoch_(ports_.epoch) {}

Projector::~Projector() = default;

void Projector::begin() {
  std::lock_guard lock(mutex_);
  begun_ = true;
  schedule_locked();
}

void Projector::add(RecordNumber record, uint32_t events, std::unique_ptr<Changes> changes) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(Unit{record, events, std::move(changes)});
  waiting_events_ += events;
  schedule_locked();
}

void Projector::add_keys(std::shared_ptr<const KeysToWrite> keys) {
  std::lock_guard lock(mutex_);
  waiting_keys_.push_back(std::move(keys));
  schedule_locked();
}

void Projector::want(RecordNumber record) {
  std::lock_guard lock(mutex_);
  wanted_ = std::max(wanted_, record);
  schedule_locked();
}

void Projector::schedule_locked() {
  if (!begun_ || posted_ || (waiting_.empty() && waiting_keys_.empty())) return;
  Duration since = ports_.clock.monotonic() - last_commit_;
  bool now = waiting_events_ >= options_.enough_events || wanted_ > reached_ || since >= options_.linger;
  if (now) {
    if (lingering_ && ports_.timers.cancel(timer_)) lingering_ = false;
    posted_ = true;
    ports_.executor.post([this] { run(); });
  } else if (!lingering_) {
    lingering_ = true;
    timer_ = ports_.timers.after(options_.linger - since, ports_.executor, [this] {
      {
        std::lock_guard lock(mutex_);
        lingering_ = false;
        if (posted_) return;
        posted_ = true;
      }
      run();
    });
  }
}

Projector::Lot Projector::take() {
  std::lock_guard lock(mutex_);
  Lot lot;
  while (!waiting_.empty() &&
         (lot.units.empty() || lot.events + waiting_.front().events <= options_.most_events)) {
    lot.events += waiting_.front().events;
    lot.units.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_events_ -= lot.events;
  // Keys may be written as soon as the journal has them, so any time.
  if (!waiting_keys_.empty()) {
    lot.keys = std::move(waiting_keys_.front());
    waiting_keys_.pop_front();
  }
  return lot;
}

void Projector::put_back(Lot lot) {
  std::lock_guard lock(mutex_);
  waiting_events_ += lot.events;
  for (auto unit = lot.units.rbegin(); unit != lot.units.rend(); ++unit)
    waiting_.push_front(std::move(*unit));
  if (lot.keys) waiting_keys_.push_front(std::move(lot.keys));
}

void Projector::run() {
  Lot lot = take();
  Result<Written> written = write(lot);
  if (!written) {
    put_back(std::move(lot));
    on_error_(written.error());
    std::lock_guard lock(mutex_);
    // `posted_` stays set: the timer is the next run.
    ports_.timers.after(options_.retry, ports_.executor, [this] { run(); });
    return;
  }
  if (!lot.empty()) on_written_(std::move(*written));
  std::lock_guard lock(mutex_);
  posted_ = false;
  last_commit_ = ports_.clock.monotonic();
  if (!lot.units.empty()) reached_ = std::max(reached_, lot.units.back().record);
  schedule_locked();
}

Result<storage::Connection*> Projector::connection() {
  if (!connection_) {
    DUCAT_ASSIGN(connection_, ports_.tables.connect(storage::Access::kWriter));
  }
  return connection_.get();
}

// A transaction that only the tables' leader gets: it holds the checkpoint's row, so that a newer one waits
// for its end before it takes the tables and reads them.
Result<storage::Transaction> Projector::begin(storage::Connection& connection) {
  DUCAT_ASSIGN(auto transaction, storage::Transaction::begin(connection));
  DUCAT_TRY(take_tables(connection, epoch_.load()));
  return transaction;
}

Result<Written> Projector::write(const Lot& lot) {
  Written done;
  if (lot.empty()) return done;
  DUCAT_FAULT("projection.write.before");
  DUCAT_ASSIGN(storage::Connection * connection, this->connection());
  DUCAT_ASSIGN(auto transaction, begin(*connection));
  std::vector<const Changes*> changes;
  for (const Unit& unit : lot.units) {
    if (unit.changes) changes.push_back(unit.changes.get());
  }
  DUCAT_TRY(ports_.writer.write(*connection, changes));
  if (lot.keys) {
    DUCAT_ASSIGN(done.key_run,
                 write_key_run(*connection, lot.keys->run_id, 0, lot.keys->newest_at, lot.keys->sorted));
    DUCAT_TRY(connection->execute("UPDATE projection_checkpoint SET keys_record = $1 WHERE one = 1",
                                  {static_cast<int64_t>(lot.keys->up_to_record)}));
    done.checkpoint.keys_record = lot.keys->up_to_record;
  }
  if (!lot.units.empty()) {
    done.checkpoint.record = lot.units.back().record;
    DUCAT_TRY(connection->execute("UPDATE projection_checkpoint SET record = $1 WHERE one = 1",
                                  {static_cast<int64_t>(done.checkpoint.record)}));
  }
  DUCAT_TRY(transaction.commit());
  DUCAT_FAULT("projection.write.after");
  done.events = lot.events;
  done.keys = lot.keys;
  return done;
}

Result<std::vector<Written>> Projector::write_now() {
  std::vector<Written> all;
  for (;;) {
    Lot lot = take();
    if (lot.empty()) return all;
    DUCAT_ASSIGN(Written written, write(lot));
    all.push_back(std::move(written));
  }
}

void Projector::discard(Work done) {
  ports_.executor.post([this, done = std::move(done)]() mutable {
    {
      std::lock_guard lock(mutex_);
      waiting_.clear();
      waiting_keys_.clear();
      waiting_events_ = 0;
    }
    done();
  });
}

void Projector::merge_keys(std::vector<KeyRun> runs, int64_t new_id,
                           std::function<void(Result<KeyRun>)> done) {
  ports_.executor.post([this, runs = std::move(runs), new_id, done = std::move(done)] {
    auto merge = [&]() -> Result<KeyRun> {
      DUCAT_ASSIGN(storage::Connection * connection, this->connection());
      DUCAT_ASSIGN(auto transaction, begin(*connection));
      DUCAT_ASSIGN(KeyRun merged, merge_key_runs(*connection, runs, new_id));
      DUCAT_TRY(transaction.commit());
      return merged;
    };
    done(merge());
  });
}

void Projector::drop_keys(std::vector<int64_t> runs) {
  ports_.executor.post([this, runs = std::move(runs)] {
    auto drop = [&]() -> Status {
      DUCAT_ASSIGN(storage::Connection * connection, this->connection());
      DUCAT_ASSIGN(auto transaction, begin(*connection));
      for (int64_t run : runs) DUCAT_TRY(drop_key_run(*connection, run));
      return transaction.commit();
    };
    // A run that stays is dropped at the next start, or the next time: it is merely not needed.
    if (Status status = drop(); !status) on_error_(status.error());
  });
}

}  // namespace ducat::kernel
