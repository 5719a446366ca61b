// The smallest model there is, named counters that may not fall below zero, and an engine that runs it with
// threads.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>

#include "base/system.h"
#include "kernel/engine/engine.h"
#include "kernel/testing/backends.h"
#include "platform/runtime/task.h"

namespace ducat::kernel::testing {

using storage::Column;
using storage::ColumnType;

struct Add : Operation {
  uint64_t counter = 0;
  int64_t amount = 0;
  int64_t result = 0;
};

struct Adds : Submission {
  using Submission::Submission;
  std::vector<Add> adds;
  size_t size() const override { return adds.size(); }
  Operation& at(size_t i) override { return adds[i]; }
};

inline constexpr Column kCounterColumns[] = {{"id", ColumnType::kInt64}, {"value", ColumnType::kInt64}};
inline constexpr storage::BulkTable kCounters{"counters", kCounterColumns, 1, storage::OnConflict::kReplace};

class CounterModel final : public Model {
 public:
  struct Rows : Changes {
    std::map<uint64_t, int64_t> values;
  };

  Status open(storage::Database& tables) override {
    DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
    DUCAT_TRY(writer->script("CREATE TABLE IF NOT EXISTS counters (id bigint PRIMARY KEY, value bigint)"));
    DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kReader));
    return {};
  }
  Status load(std::span<Submission* const> batch) override {
    for (Submission* submission : batch) {
      for (size_t i = 0; i < submission->size(); ++i) {
        DUCAT_TRY(load_one(static_cast<Add&>(submission->at(i)).counter));
      }
    }
    return {};
  }
  bool decide(Operation& operation, DecideContext& context) override {
    auto& add = static_cast<Add&>(operation);
    int64_t& value = values_[add.counter];
    if (value + add.amount < 0) return false;
    if (add.amount == 0) return add.result = value, true;
    if (group_) undo_.emplace_back(add.counter, value);
    value += add.amount;
    touched_[add.counter] = value;
    context.record.event(add.counter, std::to_string(add.amount));
    add.result = value;
    return true;
  }
  void encode_answer(const Operation& operation, std::string& out) const override {
    out = std::to_string(static_cast<const Add&>(operation).result);
  }
  Status decode_answer(std::string_view stored, Operation& operation) const override {
    static_cast<Add&>(operation).result = std::stoll(std::string(stored));
    return {};
  }
  void begin_group() override { group_ = true; }
  void end_group() override {
    group_ = false;
    undo_.clear();
  }
  void undo_group() override {
    for (auto at = undo_.rbegin(); at != undo_.rend(); ++at)
      values_[at->first] = touched_[at->first] = at->second;
  }
  std::unique_ptr<Changes> take_changes(RecordNumber record) override {
    auto rows = std::make_unique<Rows>();
    rows->values.swap(touched_);
    for (auto [id, value] : rows->values) pinned_[id] = record;
    return rows;
  }
  // Nothing stays in memory that need not.
  void written(RecordNumber record) override {
    std::erase_if(pinned_, [record](const auto& pin) { return pin.second <= record; });
    std::erase_if(values_, [this](const auto& known) {
      return !pinned_.contains(known.first) && !touched_.contains(known.first);
    });
  }
  Status forget() override {
    values_.clear();
    touched_.clear();
    pinned_.clear();
    return {};
  }
  Status replay(Position, uint64_t stream, std::string_view event, Timestamp) override {
    if (during_replay) during_replay();
    if (fail_replay_at.load() != 0 && fail_replay_at.fetch_sub(1) == 1) {
      return fail(Errc::kUnavailable, "a replay that fails once");
    }
    DUCAT_TRY(load_one(stream));
    touched_[stream] = values_[stream] += std::stoll(std::string(event));
    return {};
  }
  Status write(storage::Connection& connection, std::span<const Changes* const> changes) override {
    std::map<uint64_t, int64_t> newest;
    for (const Changes* change : changes) {
      for (auto [id, value] : static_cast<const Rows*>(change)->values) newest[id] = value;
    }
    storage::ColumnBatch batch(kCounterColumns);
    for (auto [id, value] : newest) {
      batch.add(static_cast<int64_t>(id));
      batch.add(value);
    }
    return connection.write(kCounters, batch);
  }

  std::function<void()> during_replay;     // of each event; set before there is one
  std::atomic<int64_t> fail_replay_at{0};  // the how manieth event from now cannot be replayed; 0: none

 private:
  Status load_one(uint64_t id) {
    if (values_.contains(id)) return {};
    int64_t value = 0;
    DUCAT_TRY(connection_->query("SELECT value FROM counters WHERE id = $1", {static_cast<int64_t>(id)},
                                 [&](const storage::Row& row) { value = row.int64(0); }));
    values_[id] = value;
    return {};
  }

  std::unique_ptr<storage::Connection> connection_;
  std::map<uint64_t, int64_t> values_, touched_;
  std::map<uint64_t, RecordNumber> pinned_;
  std::vector<std::pair<uint64_t, int64_t>> undo_;
  bool group_ = false;
};

// The decide executor, which counts the posts of the thread it was made on: a test that submits there sees
// which of its arrivals woke the engine.
class CountingExecutor final : public Executor {
 public:
  explicit CountingExecutor(std::string name) : inner_(std::move(name)) {}
  void post(Work work) override {
    if (std::this_thread::get_id() == maker_) posts_.fetch_add(1);
    inner_.post(std::move(work));
  }
  void stop() { inner_.stop(); }
  int posts() const { return posts_; }

 private:
  const std::thread::id maker_ = std::this_thread::get_id();
  std::atomic<int> posts_{0};
  ThreadExecutor inner_;
};

// An engine on a test's databases.
class Server {
 public:
  explicit Server(Backend& backend, EngineOptions options = {}, std::function<bool()> may_lead = nullptr) {
    journal_ = backend.open("counters", true);
    tables_ = backend.open("counters", false);
    if (options.lease.holder.empty()) options.lease.holder = "test";
    engine_ = std::make_unique<Engine>(model_,
                                       EnginePorts{decide_, commit_, project_, timers_, clock_, *journal_,
                                                   *tables_, nullptr, std::move(may_lead)},
                                       options);
    Status started = engine_->start();
    // The server lets the sessions of a killed engine go in its own time.
    Timestamp give_up = clock_.monotonic() + Duration::seconds(5);
    while (!started && started.error().code == Errc::kBusy && clock_.monotonic() < give_up)
      started = engine_->start();
    EXPECT_TRUE(started.has_value()) << started.error().message;
  }
  ~Server() {
    if (engine_) stop();
  }
  // Once; afterwards it is only destroyed.
  void stop() {
    wait([this](auto done) { engine_->stop(done); });
    end();
  }
  // As after kill -9: nothing is finished.
  void end() {
    project_.stop();
    commit_.stop();
    decide_.stop();
    home_.stop();
    engine_.reset();
  }

  std::vector<Add> submit(std::vector<Add> adds, bool atomic = false, bool read_only = false) {
    std::vector<Add> result;
    wait([&](auto done) {
      start(run(std::move(adds), atomic, read_only), [&result, done](std::vector<Add> answered) {
        result = std::move(answered);
        done();
      });
    });
    return result;
  }
  // The same without waiting: the command has been handed over when this returns, `done` gets the answer.
  void begin(std::vector<Add> adds, std::function<void(std::vector<Add>)> done, bool read_only = false) {
    start(run(std::move(adds), false, read_only), std::move(done));
  }
  // How many commands of the test's own thread have woken the engine.
  int wake_ups() const { return decide_.posts(); }
  static Add one(uint64_t counter, int64_t amount, std::string_view key = {}, uint64_t fingerprint = 0) {
    Add add;
    add.counter = counter;
    add.amount = amount;
    add.key = key;
    add.fingerprint = fingerprint;
    return add;
  }
  Add add(uint64_t counter, int64_t amount, std::string_view key = {}, uint64_t fingerprint = 0) {
    return submit({one(counter, amount, key, fingerprint)}).front();
  }
  // Again and again while the answer is "not now", as a client with a key does.
  Add add_patiently(uint64_t counter, int64_t amount, std::string_view key = {}, uint64_t fingerprint = 0) {
    Timestamp give_up = clock_.monotonic() + Duration::seconds(15);
    Add added = add(counter, amount, key, fingerprint);
    while (added.verdict == Verdict::kUnavailable && clock_.monotonic() < give_up)
      added = add(counter, amount, key, fingerprint);
    return added;
  }
  // The counter as of now.
  int64_t read(uint64_t counter) {
    Add answer = submit({one(counter, 0)}, false, true).front();
    EXPECT_EQ(answer.verdict, Verdict::kAccepted);
    return answer.result;
  }
  // The same with the record up to which the answer is true.
  std::pair<int64_t, RecordNumber> read_at(uint64_t counter) {
    std::pair<int64_t, RecordNumber> answer;
    wait([&](auto done) {
      start(look(counter), [&answer, done](std::pair<int64_t, RecordNumber> looked) {
        answer = looked;
        done();
      });
    });
    return answer;
  }
  // Answers once the tables have the record, or why not.
  Status wait_written(RecordNumber record) {
    Status reached;
    auto task = [](Engine& engine, RecordNumber until, Executor& at) -> Task<Status> {
      co_return co_await engine.wait_written(until, at);
    };
    wait([&](auto done) {
      start(task(*engine_, record, home_), [&reached, done](Status status) {
        reached = std::move(status);
        done();
      });
    });
    return reached;
  }
  Status wait_until_tables_follow() { return wait_written(engine_->stats().durable); }

  // Until the pause ends, the engine neither decides nor commits nor renews its lease, as if the process were
  // stopped by a signal; what is handed to it waits.
  class Pause {
   public:
    explicit Pause(Server& server) : over_(end_.get_future().share()) {
      server.decide_.post([over = over_] { over.wait(); });
      server.commit_.post([over = over_] { over.wait(); });
      server.project_.post([over = over_] { over.wait(); });
    }
    ~Pause() { end_.set_value(); }

   private:
    std::promise<void> end_;
    std::shared_future<void> over_;
  };

  RecordNumber latest() {
    RecordNumber newest = 0;
    wait([&](auto done) {
      start(engine_->latest(home_), [&newest, done](RecordNumber record) {
        newest = record;
        done();
      });
    });
    return newest;
  }
  bool leads() const { return engine_->leads(); }

  Engine& engine() { return *engine_; }
  CounterModel& model() { return model_; }
  storage::Database& journal() { return *journal_; }
  storage::Database& tables() { return *tables_; }

 private:
  Task<std::vector<Add>> run(std::vector<Add> adds, bool atomic, bool read_only) {
    Adds submission(home_);
    submission.adds = std::move(adds);
    submission.atomic = atomic;
    submission.read_only = read_only;
    co_await engine_->submit(submission);
    co_return std::move(submission.adds);
  }
  Task<std::pair<int64_t, RecordNumber>> look(uint64_t counter) {
    Adds submission(home_);
    submission.adds = {one(counter, 0)};
    submission.read_only = true;
    co_await engine_->submit(submission);
    EXPECT_EQ(submission.adds[0].verdict, Verdict::kAccepted);
    co_return std::pair(submission.adds[0].result, submission.seen);
  }
  // Runs `begin(done)` and waits until somebody calls `done`.
  template <typename Begin>
  static void wait(Begin begin) {
    std::mutex mutex;
    std::condition_variable wake;
    bool finished = false;
    begin([&] {
      std::lock_guard lock(mutex);
      finished = true;
      wake.notify_one();
    });
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return finished; });
  }

  SystemClock clock_;
  std::unique_ptr<storage::Database> journal_, tables_;
  CounterModel model_;
  std::unique_ptr<Engine> engine_;
  CountingExecutor decide_{"decide"};
  ThreadExecutor commit_{"commit"}, project_{"project"}, home_{"home"};
  ThreadTimers timers_;  // last: its thread ends before what it may call
};

}  // namespace ducat::kernel::testing
