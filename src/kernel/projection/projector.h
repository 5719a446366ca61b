// Writes tables behind the journal: takes what durable records have changed, many records in one commit,
// together with the position it has reached.
//
// When little happens, changes are written at once. Under load they wait until enough has come together or a
// short time has passed, because large commits cost much less a row; a reader that waits for a position does
// not let them wait.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/time.h"
#include "kernel/journal/record.h"
#include "kernel/projection/changes.h"
#include "kernel/projection/key_runs.h"
#include "platform/runtime/executor.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

// How far the tables are.
struct Checkpoint {
  RecordNumber record = 0;       // rows
  RecordNumber keys_record = 0;  // idempotency keys
};

// Creates the kernel's tables and reads the checkpoint.
Result<Checkpoint> open_checkpoint(storage::Connection& connection);
// Reads the checkpoint of tables that are there.
Result<Checkpoint> read_checkpoint(storage::Connection& connection);

// Takes the tables for a leader: no commit of an older epoch succeeds any more, so what is read afterwards
// stays as it is until this leader writes. kFenced if a newer one has them.
Status take_tables(storage::Connection& connection, uint64_t epoch);

struct ProjectorOptions {
  uint32_t enough_events = 60'000;          // write without waiting for more
  uint32_t most_events = 100'000;           // in one commit
  Duration linger = Duration::millis(500);  // how long changes wait for more under load
  Duration retry = Duration::millis(250);   // after a failed commit
};

// Keys that leave memory with the next commit.
struct KeysToWrite {
  int64_t run_id = 0;
  RecordNumber up_to_record = 0;
  Timestamp newest_at;
  std::vector<KeyEntry> sorted;
};

// What a commit of tables has done.
struct Written {
  Checkpoint checkpoint;
  uint64_t events = 0;
  std::shared_ptr<const KeysToWrite> keys;  // null: none
  std::optional<KeyRun> key_run;
};

// Thread-safe. Its work runs on `executor`, one commit at a time; `on_written` and `on_error` are called
// there. It must outlive its work: `stop` says when that is done.
class Projector {
 public:
  struct Ports {
    Executor& executor;
    Timers& timers;
    Clock& clock;
    storage::Database& tables;
    TableWriter& writer;
    uint64_t epoch = 0;  // of the leader; a newer one's tables are not written. 0: `lead` says it later
  };
  using OnWritten = std::function<void(Written)>;
  using OnError = std::function<void(const Error&)>;

  Projector(Ports ports, ProjectorOptions options, OnWritten on_written, OnError on_error);
  ~Projector();

  // Writes for a new leader of this process, after `discard`.
  void lead(uint64_t epoch) { epoch_.store(epoch); }
  // From now on writes by itself; until then only `write_now` does, so that a start has the tables to itself.
  void begin();
  // The changes of one record (null: none), in the order of records.
  void add(RecordNumber record, uint32_t events, std::unique_ptr<Changes> changes);
  void add_keys(std::shared_ptr<const KeysToWrite> keys);
  // Somebody waits for this record: do not linger.
  void want(RecordNumber record);

  // Writes everything that is waiting, on the calling thread; before `begin` only.
  Result<std::vector<Written>> write_now();
  // Drops what is waiting, once a commit that is under way has ended; then calls `done` on the executor.
  void discard(Work done);
  // Merges key runs as one commit on the executor; `done` gets the new run, or the error, there.
  void merge_keys(std::vector<KeyRun> runs, int64_t new_id, std::function<void(Result<KeyRun>)> done);
  void drop_keys(std::vector<int64_t> runs);

 private:
  struct Unit {
    RecordNumber record;
    uint32_t events;
    std::unique_ptr<Changes> changes;
  };
  struct Lot {
    std::vector<Unit> units;
    std::shared_ptr<const KeysToWrite> keys;
    uint64_t events = 0;
    bool empty() const { return units.empty() && !keys; }
  };

  void schedule_locked();
  void run();
  Lot take();
  void put_back(Lot lot);
  Result<storage::Transaction> begin(storage::Connection& connection);
  Result<Written> write(const Lot& lot);
  Result<storage::Connection*> connection();

  Ports ports_;
  const ProjectorOptions options_;
  OnWritten on_written_;
  OnError on_error_;
  std::atomic<uint64_t> epoch_;
  std::unique_ptr<storage::Connection> connection_;

  std::mutex mutex_;
  std::deque<Unit> waiting_;
  std::deque<std::shared_ptr<const KeysToWrite>> waiting_keys_;
  uint64_t waiting_events_ = 0;
  RecordNumber wanted_ = 0;
  RecordNumber reached_ = 0;
  Timestamp last_commit_;
  bool begun_ = false;
  bool posted_ = false;     // run() is on the executor's queue or running
  bool lingering_ = false;  // a timer will post it
  Timers::Id timer_ = 0;
};

}  // namespace ducat::kernel
