// The engine with the smallest model there is: named counters that may not fall below zero.
#include "kernel/engine/engine.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>

#include "base/fault_point.h"
#include "base/system.h"
#include "platform/runtime/task.h"
#include "platform/storage/open.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::kernel {
namespace {

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

constexpr Column kColumns[] = {{"id", ColumnType::kInt64}, {"value", ColumnType::kInt64}};
constexpr storage::BulkTable kTable{"counters", kColumns, 1, storage::OnConflict::kReplace};

class CounterModel final : public Model {
 public:
  struct Rows : Changes {
    std::map<uint64_t, int64_t> values;
  };

  Status open(storage::Database& tables) override {
    DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kWriter));
    DUCAT_TRY(
        connection_->script("CREATE TABLE IF NOT EXISTS counters (id bigint PRIMARY KEY, value bigint)"));
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
  std::unique_ptr<Changes> take_changes(RecordNumber) override {
    auto rows = std::make_unique<Rows>();
    rows->values.swap(touched_);
    return rows;
  }
  void written(RecordNumber) override {}
  Status forget() override {
    values_.clear();
    touched_.clear();
    return {};
  }
  Status replay(Position, uint64_t stream, std::string_view event, Timestamp) override {
    DUCAT_TRY(load_one(stream));
    touched_[stream] = values_[stream] += std::stoll(std::string(event));
    return {};
  }
  Status write(storage::Connection& connection, std::span<const Changes* const> changes) override {
    std::map<uint64_t, int64_t> newest;
    for (const Changes* change : changes) {
      for (auto [id, value] : static_cast<const Rows*>(change)->values) newest[id] = value;
    }
    storage::ColumnBatch batch(kColumns);
    for (auto [id, value] : newest) {
      batch.add(static_cast<int64_t>(id));
      batch.add(value);
    }
    return connection.write(kTable, batch);
  }

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
  std::vector<std::pair<uint64_t, int64_t>> undo_;
  bool group_ = false;
};

// An engine on files of a directory, with threads.
class Server {
 public:
  explicit Server(const std::string& directory, EngineOptions options = {}) {
    journal_ = open(directory + "/journal.db", true);
    tables_ = open(directory + "/tables.db", false);
    options.lease.holder = "test";
    engine_ = std::make_unique<Engine>(
        model_, EnginePorts{decide_, commit_, project_, timers_, clock_, *journal_, *tables_}, options);
    Status started = engine_->start();
    EXPECT_TRUE(started.has_value()) << started.error().message;
  }
  ~Server() {
    if (engine_) stop();
  }
  void stop() {
    std::mutex mutex;
    std::condition_variable done;
    bool stopped = false;
    engine_->stop([&] {
      std::lock_guard lock(mutex);
      stopped = true;
      done.notify_one();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return stopped; });
    lock.unlock();
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

  std::vector<Add> submit(std::vector<Add> adds, bool atomic = false) {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<std::vector<Add>> result;
    start(run(std::move(adds), atomic), [&](std::vector<Add> answered) {
      std::lock_guard lock(mutex);
      result = std::move(answered);
      done.notify_one();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return result.has_value(); });
    return std::move(*result);
  }
  Add add(uint64_t counter, int64_t amount, std::string_view key = {}, uint64_t fingerprint = 0) {
    Add add;
    add.counter = counter;
    add.amount = amount;
    add.key = key;
    add.fingerprint = fingerprint;
    return submit({add}).front();
  }
  Engine& engine() { return *engine_; }
  Executor& home() { return home_; }
  storage::Database& journal() { return *journal_; }

 private:
  Task<std::vector<Add>> run(std::vector<Add> adds, bool atomic) {
    Adds submission(home_);
    submission.adds = std::move(adds);
    submission.atomic = atomic;
    co_await engine_->submit(submission);
    co_return std::move(submission.adds);
  }
  static std::unique_ptr<storage::Database> open(const std::string& path, bool durable) {
    storage::StorageTarget target;
    target.path = path;
    target.durable = durable;
    auto database = storage::open(target);
    EXPECT_TRUE(database.has_value());
    return std::move(*database);
  }

  SystemClock clock_;
  ThreadTimers timers_;
  std::unique_ptr<storage::Database> journal_, tables_;
  CounterModel model_;
  std::unique_ptr<Engine> engine_;
  ThreadExecutor decide_{"decide"}, commit_{"commit"}, project_{"project"}, home_{"home"};
};

TEST(Engine, AcceptsRefusesAndRemembersAcrossARestart) {
  storage::TemporaryDirectory directory;
  {
    Server server(directory.path());
    EXPECT_EQ(server.add(1, 100).result, 100);
    EXPECT_EQ(server.add(1, -101).verdict, Verdict::kRefused);
    EXPECT_EQ(server.add(1, -30).result, 70);
  }
  Server server(directory.path());
  EXPECT_EQ(server.add(1, 0).result, 70);
  EXPECT_EQ(server.engine().stats().lag_events, 0u);
}

TEST(Engine, AKeyIsAppliedOnceAndAnsweredAsBefore) {
  storage::TemporaryDirectory directory;
  {
    Server server(directory.path());
    EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kAccepted);
    Add again = server.add(1, 5, "k", 7);
    EXPECT_EQ(again.verdict, Verdict::kReplayed);
    EXPECT_EQ(again.result, 5);
    EXPECT_EQ(server.add(1, 6, "k", 8).verdict, Verdict::kKeyReused);
    EXPECT_EQ(server.add(1, -100, "refused").verdict, Verdict::kRefused);
    EXPECT_EQ(server.add(1, 95).result, 100);
    EXPECT_EQ(server.add(1, -100, "refused").verdict, Verdict::kAccepted) << "a refusal is judged anew";
  }
  Server server(directory.path());
  EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kReplayed);
}

TEST(Engine, KeysThatLeftMemoryAreFoundInTheTables) {
  storage::TemporaryDirectory directory;
  EngineOptions options;
  options.keys_in_memory = 10;
  Server server(directory.path(), options);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(server.add(1, 1, "key" + std::to_string(i), i).result, i + 1);
  }
  for (int i = 0; i < 300; ++i) {
    Add again = server.add(1, 1, "key" + std::to_string(i), i);
    ASSERT_EQ(again.verdict, Verdict::kReplayed) << i;
    ASSERT_EQ(again.result, i + 1);
  }
  EXPECT_EQ(server.add(1, 0).result, 300);
}

TEST(Engine, KeysExpire) {
  storage::TemporaryDirectory directory;
  EngineOptions options;
  options.key_life = Duration{0};
  Server server(directory.path(), options);
  EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kAccepted);
  Add later = server.add(1, 5, "k", 7);
  while (later.verdict == Verdict::kReplayed)
    later = server.add(1, 5, "k", 7);  // within the same microsecond
  EXPECT_EQ(later.result, 10);
}

TEST(Engine, AnAtomicGroupHappensWhollyOrNotAtAll) {
  storage::TemporaryDirectory directory;
  Server server(directory.path());
  server.add(1, 10);
  Add good, bad;
  good.counter = 1, good.amount = 5, good.key = "in group";
  bad.counter = 2, bad.amount = -1;
  auto refused = server.submit({good, bad}, true);
  EXPECT_EQ(refused[0].verdict, Verdict::kSkipped);
  EXPECT_EQ(refused[1].verdict, Verdict::kRefused);
  EXPECT_EQ(server.add(1, 0).result, 10);
  EXPECT_EQ(server.submit({good}, true)[0].verdict, Verdict::kAccepted) << "its key was not used";
  auto mixed = server.submit({good, bad}, false);
  EXPECT_EQ(mixed[0].verdict, Verdict::kReplayed);
  EXPECT_EQ(mixed[1].verdict, Verdict::kRefused);
}

TEST(Engine, WhatWasAnsweredSurvivesAKill) {
  storage::TemporaryDirectory directory;
  {
    Server server(directory.path());
    for (int i = 0; i < 50; ++i) server.add(i % 5, 1, "k" + std::to_string(i));
    server.end();
  }
  Server server(directory.path());
  for (uint64_t i = 0; i < 5; ++i) EXPECT_EQ(server.add(i, 0).result, 10);
  EXPECT_EQ(server.add(3, 1, "k13").verdict, Verdict::kReplayed);
}

TEST(Engine, AFailedAppendIsAnsweredAsUnavailableAndLeavesNoTrace) {
  storage::TemporaryDirectory directory;
  Server server(directory.path());
  server.add(1, 10);
  {
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    EXPECT_EQ(server.add(1, 5, "k").verdict, Verdict::kUnavailable);
  }
  Add later = server.add(1, 5, "k");
  while (later.verdict == Verdict::kUnavailable)
    later = server.add(1, 5, "k");  // until the quiet time is over
  EXPECT_EQ(later.verdict, Verdict::kAccepted);
  EXPECT_EQ(later.result, 15);
  EXPECT_EQ(server.engine().stats().recoveries, 1u);
}

TEST(Engine, AnAppendOfUnknownOutcomeIsLookedUpNotRepeated) {
  storage::TemporaryDirectory directory;
  Server server(directory.path());
  std::atomic<int> hits{0};
  ArmedFault lost("journal.append.after", [&] {
    return hits.fetch_add(1) == 0 ? Status(fail(Errc::kTimeout, "connection lost")) : Status();
  });
  EXPECT_EQ(server.add(1, 5).verdict, Verdict::kAccepted);
  EXPECT_EQ(server.add(1, 0).result, 5);
}

TEST(Engine, TablesThatCannotBeWrittenDoNotStopCommandsUntilTheLagIsTooLong) {
  storage::TemporaryDirectory directory;
  EngineOptions options;
  options.lag_events = 20;
  options.wait = Duration::millis(300);
  Server server(directory.path(), options);
  {
    ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    int accepted = 0;
    for (int i = 0; i < 22; ++i) accepted += server.add(1, 1).verdict == Verdict::kAccepted;
    EXPECT_EQ(accepted, 20);
  }
  Add after = server.add(1, 1);
  while (after.verdict == Verdict::kUnavailable) after = server.add(1, 1);
  EXPECT_EQ(after.result, 21);
}

TEST(Engine, AStaleLeaderCannotWrite) {
  storage::TemporaryDirectory directory;
  Server server(directory.path());
  EXPECT_EQ(server.add(1, 5).verdict, Verdict::kAccepted);
  auto usurper = JournalWriter::lead(server.journal(), {"usurper", Duration::seconds(6)});
  ASSERT_TRUE(usurper.has_value());
  EXPECT_EQ(server.add(1, 5).verdict, Verdict::kUnavailable);
  while (server.engine().stats().leading) std::this_thread::yield();
  EXPECT_EQ((*usurper)->tip().end_position, 2u) << "only the first event is there";
}

TEST(Engine, ReadersOfTheTablesWaitForTheirPosition) {
  storage::TemporaryDirectory directory;
  Server server(directory.path());
  for (int i = 0; i < 20; ++i) server.add(1, 1);
  std::mutex mutex;
  std::condition_variable done;
  bool reached = false;
  auto wait = [](Server& s) -> Task<bool> {
    Status status = co_await s.engine().wait_written(s.engine().stats().durable, s.home());
    co_return status.has_value();
  };
  start(wait(server), [&](bool ok) {
    EXPECT_TRUE(ok);
    std::lock_guard lock(mutex);
    reached = true;
    done.notify_one();
  });
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return reached; });
  EXPECT_GE(server.engine().stats().written, 20u);
}

}  // namespace
}  // namespace ducat::kernel
