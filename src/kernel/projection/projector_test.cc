// The projector with a clock, timers and an executor that the test holds in its hand.
#include "kernel/projection/projector.h"

#include <gtest/gtest.h>

#include <map>

#include "base/fault_point.h"
#include "kernel/testing/backends.h"

namespace ducat::kernel::testing {

using storage::Access;

class ManualClock final : public Clock {
 public:
  Timestamp now() override { return time; }
  Timestamp monotonic() override { return time; }
  Timestamp time{Duration::seconds(1000).micros};
};

class ManualExecutor final : public Executor {
 public:
  void post(Work work) override { queue_.push_back(std::move(work)); }
  // Runs what is there and what that brings.
  void run() {
    while (!queue_.empty()) {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      work();
    }
  }
  size_t waiting() const { return queue_.size(); }

 private:
  std::deque<Work> queue_;
};

class ManualTimers final : public Timers {
 public:
  explicit ManualTimers(ManualClock& clock) : clock_(clock) {}
  Id after(Duration delay, Executor& executor, Work work) override {
    due_.emplace(clock_.time + delay, Entry{++last_, &executor, std::move(work)});
    return last_;
  }
  bool cancel(Id id) override {
    return std::erase_if(due_, [id](const auto& entry) { return entry.second.id == id; }) != 0;
  }
  void advance(Duration by) {
    clock_.time = clock_.time + by;
    while (!due_.empty() && due_.begin()->first <= clock_.time) {
      auto entry = due_.extract(due_.begin());
      entry.mapped().executor->post(std::move(entry.mapped().work));
    }
  }
  size_t waiting() const { return due_.size(); }

 private:
  struct Entry {
    Id id;
    Executor* executor;
    Work work;
  };
  ManualClock& clock_;
  std::multimap<Timestamp, Entry> due_;
  Id last_ = 0;
};

struct Text : Changes {
  explicit Text(std::string given) : text(std::move(given)) {}
  std::string text;
};

// One row a change; writing fails when told to, after half of the rows.
class Rows final : public TableWriter {
 public:
  Status write(storage::Connection& connection, std::span<const Changes* const> changes) override {
    for (const Changes* change : changes) {
      DUCAT_TRY(connection.execute("INSERT INTO rows (text) VALUES ($1)",
                                   {std::string_view(static_cast<const Text*>(change)->text)}));
      if (fail_after-- == 1) return fail(Errc::kFull, "disk full");
    }
    return {};
  }
  int fail_after = 0;
};

class ProjectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = backend_.open("tables", false);
    ASSERT_NE(database_, nullptr);
    auto connection = database_->connect(Access::kWriter);
    ASSERT_DONE(connection);
    connection_ = std::move(*connection);
    ASSERT_DONE(open_checkpoint(*connection_));
    ASSERT_DONE(connection_->script("CREATE TABLE rows (n INTEGER PRIMARY KEY, text TEXT)"));
    projector_ = std::make_unique<Projector>(
        Projector::Ports{executor_, timers_, clock_, *database_, rows_}, options_,
        [this](Written written) { written_.push_back(std::move(written)); },
        [this](const Error& error) { errors_.push_back(error); });
    projector_->begin();
  }
  void add(RecordNumber record, const std::string& text, uint32_t events = 1) {
    projector_->add(record, events, std::make_unique<Text>(text));
  }
  // Makes the time since the last commit zero, so that what comes next lingers.
  void just_committed() {
    add(1, "a");
    executor_.run();
    ASSERT_EQ(table(), "a");
    written_.clear();
  }
  std::string table() {
    std::string all;
    Status read = connection_->query("SELECT text FROM rows ORDER BY n", {},
                                     [&](const storage::Row& row) { all += row.text(0); });
    EXPECT_TRUE(read.has_value());
    return all;
  }
  int64_t checkpoint() { return number(*connection_, "SELECT record FROM projection_checkpoint"); }

  ProjectorOptions options_;
  SqliteBackend backend_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<storage::Connection> connection_;
  ManualClock clock_;
  ManualTimers timers_{clock_};
  ManualExecutor executor_;
  Rows rows_;
  std::vector<Written> written_;
  std::vector<Error> errors_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(ProjectorTest, WritesAtOnceWhenLittleHappens) {
  add(5, "a", 3);
  executor_.run();
  EXPECT_EQ(table(), "a");
  EXPECT_EQ(checkpoint(), 5);
  ASSERT_EQ(written_.size(), 1u);
  EXPECT_EQ(written_[0].checkpoint.record, 5u);
  EXPECT_EQ(written_[0].events, 3u);
}

TEST_F(ProjectorTest, WritesNothingOnceANewerLeaderHasTheTables) {
  just_committed();
  ASSERT_DONE(take_tables(*connection_, 2));
  add(2, "b");
  timers_.advance(options_.linger);
  executor_.run();
  EXPECT_EQ(table(), "a");
  EXPECT_EQ(checkpoint(), 1);
  ASSERT_FALSE(errors_.empty());
  EXPECT_EQ(errors_.back().code, Errc::kFenced);
  EXPECT_EQ(take_tables(*connection_, 1).error().code, Errc::kFenced);
  ASSERT_DONE(take_tables(*connection_, 2));
}

TEST_F(ProjectorTest, LingersForMoreSoonAfterACommit) {
  just_committed();
  add(2, "b");
  add(3, "c");
  executor_.run();
  EXPECT_EQ(table(), "a");
  timers_.advance(options_.linger - Duration{1});
  executor_.run();
  EXPECT_EQ(table(), "a");
  timers_.advance(Duration{1});
  executor_.run();
  EXPECT_EQ(table(), "abc");
  EXPECT_EQ(written_.size(), 1u) << "one commit for both";
}

TEST_F(ProjectorTest, DoesNotLingerOnceEnoughHasComeTogether) {
  just_committed();
  add(2, "b", options_.enough_events - 1);
  executor_.run();
  EXPECT_EQ(table(), "a");
  add(3, "c");
  executor_.run();
  EXPECT_EQ(table(), "abc");
  EXPECT_EQ(timers_.waiting(), 0u) << "the timer is not needed any more";
}

TEST_F(ProjectorTest, AReaderThatWaitsDoesNotLetItLinger) {
  just_committed();
  add(2, "b");
  projector_->want(2);
  executor_.run();
  EXPECT_EQ(table(), "ab");
}

TEST_F(ProjectorTest, AWishForWhatIsWrittenAlreadyChangesNothing) {
  just_committed();
  projector_->want(1);
  add(2, "b");
  executor_.run();
  EXPECT_EQ(table(), "a");
}

TEST_F(ProjectorTest, AWishMayComeBeforeItsRecord) {
  just_committed();
  projector_->want(2);
  add(2, "b");
  executor_.run();
  EXPECT_EQ(table(), "ab");
}

TEST_F(ProjectorTest, ACommitHasAtMostSoManyEvents) {
  just_committed();
  for (RecordNumber record = 2; record <= 5; ++record)
    add(record, std::string(1, static_cast<char>('a' + record)), options_.most_events / 2);
  add(6, "x", options_.most_events * 2);
  executor_.run();
  EXPECT_EQ(table(), "acdefx");
  ASSERT_EQ(written_.size(), 3u);
  EXPECT_EQ(written_[0].checkpoint.record, 3u);
  EXPECT_EQ(written_[1].checkpoint.record, 5u);
  EXPECT_EQ(written_[2].checkpoint.record, 6u) << "a larger one goes alone";
}

TEST_F(ProjectorTest, ARecordWithoutChangesMovesTheCheckpoint) {
  projector_->add(9, 0, nullptr);
  executor_.run();
  EXPECT_EQ(checkpoint(), 9);
}

TEST_F(ProjectorTest, AFailedCommitIsTriedAgainAndNothingIsLost) {
  rows_.fail_after = 2;
  add(1, "a");
  add(2, "b");
  add(3, "c");
  executor_.run();
  EXPECT_EQ(table(), "");
  EXPECT_EQ(checkpoint(), 0);
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].code, Errc::kFull);
  add(4, "d");
  executor_.run();
  EXPECT_EQ(table(), "") << "not before its time";
  timers_.advance(options_.retry);
  executor_.run();
  EXPECT_EQ(table(), "abcd");
  EXPECT_EQ(checkpoint(), 4);
}

TEST_F(ProjectorTest, AFaultBeforeTheWriteIsTriedAgain) {
  {
    ArmedFault fault("projection.write.before", [] { return Status(fail(Errc::kUnavailable, "down")); });
    add(1, "a");
    executor_.run();
    timers_.advance(options_.retry);
    executor_.run();
    EXPECT_EQ(errors_.size(), 2u);
  }
  timers_.advance(options_.retry);
  executor_.run();
  EXPECT_EQ(table(), "a");
}

// The rows of a real model replace themselves; these show that the write was repeated, keys included.
TEST_F(ProjectorTest, AnUnknownOutcomeIsWrittenAgain) {
  auto keys = std::make_shared<KeysToWrite>();
  keys->run_id = 1;
  keys->up_to_record = 1;
  keys->sorted = {{7, 1}};
  {
    ArmedFault fault("projection.write.after", [] { return Status(fail(Errc::kTimeout, "lost")); });
    add(1, "a");
    projector_->add_keys(keys);
    executor_.run();
    EXPECT_EQ(checkpoint(), 1);
    EXPECT_TRUE(written_.empty());
  }
  timers_.advance(options_.retry);
  executor_.run();
  EXPECT_EQ(table(), "aa");
  ASSERT_EQ(written_.size(), 1u);
  EXPECT_EQ(written_[0].checkpoint.record, 1u);
  ASSERT_TRUE(written_[0].key_run);
  EXPECT_EQ(written_[0].key_run->keys, 1u);
  EXPECT_EQ(number(*connection_, "SELECT count(*) FROM key_runs"), 1);
}

TEST_F(ProjectorTest, KeysAreWrittenWithTheirOwnCheckpoint) {
  auto keys = std::make_shared<KeysToWrite>();
  keys->run_id = 4;
  keys->up_to_record = 12;
  keys->newest_at = {99};
  keys->sorted = {{-5, 10}, {5, 12}};
  projector_->add_keys(keys);
  executor_.run();
  ASSERT_EQ(written_.size(), 1u);
  EXPECT_EQ(written_[0].checkpoint.record, 0u);
  EXPECT_EQ(written_[0].checkpoint.keys_record, 12u);
  EXPECT_EQ(written_[0].keys, keys);
  EXPECT_EQ(checkpoint(), 0);
  EXPECT_EQ(number(*connection_, "SELECT keys_record FROM projection_checkpoint"), 12);
  auto again = open_checkpoint(*connection_);
  ASSERT_DONE(again);
  EXPECT_EQ(again->keys_record, 12u);
}

TEST_F(ProjectorTest, DiscardDropsWhatWaits) {
  just_committed();
  add(2, "b");
  bool done = false;
  projector_->discard([&done] { done = true; });
  executor_.run();
  EXPECT_TRUE(done);
  timers_.advance(options_.linger);
  executor_.run();
  EXPECT_EQ(table(), "a");
  add(2, "c");
  timers_.advance(options_.linger);
  executor_.run();
  EXPECT_EQ(table(), "ac") << "what comes later is written";
}

TEST_F(ProjectorTest, DiscardDropsWhatAFailedCommitPutBack) {
  ArmedFault fault("projection.write.before", [] { return Status(fail(Errc::kUnavailable, "down")); });
  add(1, "a");
  executor_.run();
  projector_->discard([] {});
  executor_.run();
  FaultPoints::disarm("projection.write.before");
  timers_.advance(options_.retry);
  executor_.run();
  EXPECT_EQ(table(), "");
  add(1, "b");
  timers_.advance(options_.linger);
  executor_.run();
  EXPECT_EQ(table(), "b");
}

TEST_F(ProjectorTest, BeforeItBeginsOnlyTheCallerWrites) {
  Projector fresh(
      Projector::Ports{executor_, timers_, clock_, *database_, rows_}, options_,
      [](Written) { ADD_FAILURE() << "not by itself"; }, [](const Error&) {});
  for (RecordNumber record = 1; record <= 3; ++record)
    fresh.add(record, options_.most_events, std::make_unique<Text>("x"));
  fresh.want(3);
  EXPECT_EQ(executor_.waiting() + timers_.waiting(), 0u);
  auto written = fresh.write_now();
  ASSERT_DONE(written);
  EXPECT_EQ(written->size(), 3u);
  EXPECT_EQ(table(), "xxx");
  EXPECT_EQ(checkpoint(), 3);
}

TEST_F(ProjectorTest, MergesAndDropsRunsInCommitsOfTheirOwn) {
  std::vector<KeyRun> runs;
  for (int64_t id = 1; id <= 2; ++id) {
    auto run = write_key_run(*connection_, id, 0, {}, std::vector<KeyEntry>{{id, 1}});
    ASSERT_DONE(run);
    runs.push_back(std::move(*run));
  }
  std::optional<KeyRun> merged;
  projector_->merge_keys(std::move(runs), 3, [&](Result<KeyRun> result) {
    if (result) merged = std::move(*result);
  });
  projector_->drop_keys({1, 2});
  executor_.run();
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->keys, 2u);
  EXPECT_EQ(merged->level, 1);
  EXPECT_EQ(number(*connection_, "SELECT min(run) FROM key_runs"), 3);
  EXPECT_TRUE(errors_.empty());
}

}  // namespace ducat::kernel::testing
