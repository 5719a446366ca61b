// The engine: turns waiting commands into journal records.
//
// It takes whatever waits (never waiting for more), brings into memory what the decisions need, decides one
// command after the other on the state that the earlier ones left, and makes one record of it all. While that
// record is being synced, the next batch is decided already if there is much to do. Answers go out once their
// record is durable. So one fsync serves everybody who waits, a hot wallet costs no more than a cold one, and
// nothing is ever half done.
//
// Where things run: decisions on `decide`, appends on `commit`, tables on `project` (one thread each in
// production, one scheduler in the simulator). A failed append throws away all state that was decided but is
// not durable: the engine answers those who wait with kUnavailable, forgets its memory and replays the
// journal's tail.
//
// An engine that does not lead follows (engine_follow.cc), if it is told to and the database is a server that
// several may reach: it replays what the leader appends, answers reads as of the journal's end, refuses
// writes, and tries for the lead. One that lost the lead becomes a follower.
//
// Limits: waiting operations (then kUnavailable at once), the lag of the tables in events and the time a
// command may wait (then kUnavailable), two batches under way, the journal's retries.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kernel/engine/model.h"
#include "kernel/engine/recent_keys.h"
#include "kernel/engine/snapshot_tables.h"
#include "kernel/engine/submission.h"
#include "kernel/engine/touched_streams.h"
#include "kernel/journal/journal.h"
#include "kernel/journal/journal_feed.h"
#include "kernel/projection/projector.h"
#include "platform/runtime/task.h"

namespace ducat::kernel {

struct EngineOptions {
  LeaseOptions lease;
  size_t batch_operations = 4096;        // decided together; a larger group still goes alone
  Duration pace;                         // at most one batch in this time; 0: as they come
  size_t waiting_operations = 65'536;    // before commands are refused
  uint64_t lag_events = 400'000;         // decided but not in the tables, before commands wait
  Duration lag_rest{25};                 // for each event when that is near; from half of it on, a part
  Duration wait = Duration::seconds(5);  // before a command that cannot be decided is refused
  Duration append_retry = Duration::seconds(10);  // how long an append with an unknown outcome is looked into
  Duration breaker = Duration::seconds(2);        // a server silent for longer has commands refused at once
  Duration key_life = Duration::seconds(24 * 3600);
  size_t keys_in_memory = 65'536;  // per generation (two)
  ProjectorOptions projector;
  // Follow while somebody else leads, instead of failing to start and of staying refused once replaced.
  bool follow = false;
  Duration lead_interval = Duration::millis(400);  // about how often a follower tries for the lead
  uint64_t follow_events = 1'000'000;  // a follower that would have to remember more refuses reads
};

// A snapshot for health and metrics.
struct EngineStats {
  RecordNumber decided = 0;
  RecordNumber durable = 0;
  RecordNumber written = 0;
  Position end_position = 1;
  uint64_t lag_events = 0;
  uint64_t batches = 0;
  uint64_t operations = 0;
  uint64_t waiting = 0;
  uint64_t recoveries = 0;
  uint64_t keys = 0;
  bool leading = false;
  bool following = false;  // in step with the journal, so that reads are answered
  bool reachable = true;   // the journal's server answers (PostgreSQL); false from the first call it did not
  std::string trouble;     // every error that is not over yet; empty: none
};

struct EnginePorts {
  Executor& decide;
  Executor& commit;
  Executor& project;
  Timers& timers;
  Clock& clock;
  storage::Database& journal;
  storage::Database& tables;
  JournalFeed* feed = nullptr;  // told what is durable, if there is one
  // Whether this engine may lead now, if somebody has a say in it. Thread-safe and quick. An engine that
  // leads and may not any more gives the lead back.
  std::function<bool()> may_lead = nullptr;
  // Told on the decide executor when the engine begins to lead and when it does not any more.
  std::function<void(bool leading)> on_role = nullptr;
};

// Lives from `start` to the end of `stop`; the executors must have stopped or run dry before it is destroyed.
// `submit`, `wait_written` and `stats` are thread-safe.
class Engine {
 public:
  Engine(Model& model, EnginePorts ports, EngineOptions options);
  ~Engine();

  // Takes the lead and recovers, or follows who leads; blocks. Call it before anything else runs. kBusy:
  // somebody else leads, and this engine does not follow.
  Status start();

  // co_await engine.submit(submission): resumes on the submission's home once it is answered.
  auto submit(Submission& submission) {
    struct Awaiter {
      Engine& engine;
      Submission& submission;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> caller) { engine.enqueue(submission, caller); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this, submission};
  }

  // co_await engine.wait_written(record, home): resumes there once the tables have the record. An error if
  // that takes longer than `EngineOptions::wait`.
  auto wait_written(RecordNumber record, Executor& home) {
    struct Awaiter {
      Engine& engine;
      RecordNumber record;
      Executor& home;
      Status status{};
      bool await_ready() const noexcept { return engine.written_.load(std::memory_order_acquire) >= record; }
      void await_suspend(std::coroutine_handle<> caller) { engine.add_reader(record, home, caller, &status); }
      Status await_resume() noexcept { return std::move(status); }
    };
    return Awaiter{*this, record, home};
  }

  // co_await engine.latest(home): the number of the last record that anybody can have had an answer about;
  // 0 if that cannot be told now.
  Task<RecordNumber> latest(Executor& home);

  // On a follower: what the records that it has followed have touched.
  const TouchedStreams& touched() const { return touched_; }
  bool leads() const { return leading_.load(std::memory_order_acquire); }

  // Refuses new commands, finishes those that were accepted, writes the tables up to the end (giving up after
  // a few failures: the journal has everything), gives the lease back, and calls `done` on the decide
  // executor.
  void stop(Work done);

  EngineStats stats() const;

 private:
  struct Batch {
    std::vector<Submission*> submissions;
    std::shared_ptr<Record> record;
    std::unique_ptr<Changes> changes;
    uint64_t generation = 0;
    RecordNumber seen = 0;
    bool has_record = false;
  };
  struct Reader {
    RecordNumber record;
    Executor* home;
    std::coroutine_handle<> waiter;
    Status* status;
    Timestamp deadline;
  };
  // What can be in trouble, each by itself: over when the same thing has worked again.
  enum Part : uint8_t { kJournal, kTables, kLoading, kParts };
  enum class State { kStarting, kServing, kRecovering, kStopping, kStopped, kFenced, kFollowing };

  // Any thread.
  void enqueue(Submission& submission, std::coroutine_handle<> waiter);
  void add_reader(RecordNumber record, Executor& home, std::coroutine_handle<> waiter, Status* status);
  void set_trouble(Part part, std::string what);
  void end_trouble(Part part);
  void note_reachable(bool reachable);
  bool breaker_open() const;

  // On the decide executor.
  void run();
  void take_inbox();
  bool may_decide() const;
  bool idle();
  Duration rest_for(uint64_t events) const;
  void rest(Duration time);
  void take_waiting(std::vector<Submission*>& batch);
  void decide(std::vector<Submission*> submissions);
  Status find_old_keys(std::span<Submission* const> batch);
  void decide_submission(Submission& submission, DecideContext& context);
  void decide_operation(Operation& operation, DecideContext& context);
  bool look_at_key(Operation& operation, Timestamp now);
  void on_committed(std::shared_ptr<Batch> batch, Status status);
  void on_written(Written written);
  void look_after_keys();
  void start_recovery();
  void retry_recovery();
  Status recover();
  Status replay_tail(Checkpoint from);
  Status renew_while_replaying();
  bool renewal_is_due(Timestamp now);
  Status write_keys_of_tail(RecordNumber last);
  Status write_tail_now();
  void watch();
  void watch_as_leader(Timestamp now);
  void expire_waiting(Timestamp now);
  void try_stop();

  // The same, while somebody else leads (engine_follow.cc).
  Status open_tables(uint64_t epoch);
  bool may_follow() const;
  Status start_following();
  void fenced(const Error& why);
  void resign();
  void become_follower();
  Status join();
  Status follow();
  Status move_snapshot();
  void watch_as_follower(Timestamp now);
  void serve_reads();
  void out_of_step(const Error& why);
  void poll_written();
  void begin_leading(std::unique_ptr<JournalWriter> writer);
  Status take_over_tables();
  void set_leading(bool leading);
  void release_readers(RecordNumber written);

  // On the commit executor.
  void try_to_lead();
  void commit_waiting();
  bool try_append(Record& record, Status& status);
  void renew_lease();

  // Answers submissions: resumes their owners, one post for each home.
  static void settle(std::span<Submission* const> submissions);
  static void refuse(std::span<Submission* const> submissions);

  Model& model_;
  EnginePorts ports_;
  const EngineOptions options_;
  std::unique_ptr<SnapshotTables> followed_;  // what the model reads, if we may follow
  std::unique_ptr<JournalWriter> writer_;     // null while we follow
  std::unique_ptr<JournalReader> reader_;
  std::unique_ptr<storage::Connection> key_reader_;
  std::unique_ptr<Projector> projector_;

  mutable std::mutex mutex_;  // inbox, readers, troubles
  std::vector<Submission*> inbox_;
  size_t inbox_operations_ = 0;
  std::vector<Reader> readers_;
  std::array<std::string, kParts> troubles_;
  bool asked_ = false;    // somebody in the inbox asks for nothing but `latest`
  bool posted_ = false;   // run() is on the decide executor's queue or running
  uint64_t wake_at_ = 1;  // operations that must wait for an arrival to post run()
  bool accepting_ = false;

  // The decide executor's own.
  State state_ = State::kStarting;
  std::deque<Submission*> waiting_;
  std::vector<Submission*> arrived_;  // scratch
  std::deque<std::shared_ptr<Batch>> under_way_;
  bool resting_ = false;  // before another batch
  Duration owed_rest_;    // too short so far for a timer
  Tip decided_;
  RecentKeys recent_;
  KeyRuns runs_;
  bool merging_ = false;
  struct OldKey {
    std::string key, answer;
    uint64_t fingerprint;
    RecordNumber record;
    Timestamp at;
  };
  std::unordered_multimap<uint64_t, OldKey> old_keys_;  // of this batch, read from the journal
  std::vector<const Operation*> group_keys_;            // keys the atomic group under way has added
  Timestamp quiet_until_;  // after a failed append: no commands that write until then
  bool failing_ = false;
  uint64_t state_generation_ =
      0;  // what the states in memory build on; an older one than `generation_` is void
  Work on_stopped_;
  std::string answer_;  // scratch
  Timestamp last_renewal_;
  bool tables_taken_ = false;  // of this lead's epoch
  bool begun_ = false;         // the projector
  RecordNumber held_ = 0;      // following: the record that the snapshot has
  Position held_position_ = 1;
  bool polling_ = false;
  bool resigning_ = false;
  bool trying_ = false;  // the commit executor tries for the lead
  uint64_t tries_ = 0;
  Timestamp next_try_;
  TouchedStreams touched_;

  // The commit executor's own.
  std::unique_ptr<JournalWriter> candidate_;
  std::deque<std::shared_ptr<Batch>> to_commit_;
  bool retrying_ = false;         // a timer will look at the head again
  bool outcome_unknown_ = false;  // of the head's append
  Timestamp give_up_at_;

  std::atomic<uint64_t> generation_{0};  // grows with each failed append
  std::atomic<RecordNumber> durable_{0};
  std::atomic<RecordNumber> written_{0};
  std::atomic<uint64_t> lag_events_{0};
  std::atomic<uint64_t> batches_{0};
  std::atomic<uint64_t> operations_{0};
  std::atomic<uint64_t> recoveries_{0};
  std::atomic<uint64_t> keys_{0};
  std::atomic<uint64_t> waiting_count_{0};
  std::atomic<uint64_t> decided_number_{0};
  std::atomic<uint64_t> end_position_{1};
  std::atomic<bool> leading_{false};
  std::atomic<bool> following_{false};         // writes are refused at once
  std::atomic<bool> in_step_{false};           // following: the model is as the journal was when last read
  std::atomic<uint8_t> troubled_{0};           // a bit for each part
  std::atomic<int64_t> unreachable_since_{0};  // monotonic; 0: the journal's server answers
};

}  // namespace ducat::kernel
