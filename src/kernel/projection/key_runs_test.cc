#include "kernel/projection/key_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "kernel/projection/projector.h"
#include "kernel/testing/backends.h"

namespace ducat::kernel::testing {

using storage::Access;

class KeyRunsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = backend_.open("tables", false);
    ASSERT_NE(database_, nullptr);
    auto connection = database_->connect(Access::kWriter);
    ASSERT_DONE(connection);
    connection_ = std::move(*connection);
    ASSERT_DONE(open_checkpoint(*connection_));
  }
  static std::vector<KeyEntry> sorted(std::vector<KeyEntry> entries) {
    std::sort(entries.begin(), entries.end(),
              [](const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; });
    return entries;
  }
  void write(std::vector<KeyEntry> entries, Timestamp newest = {}) {
    auto run = write_key_run(*connection_, runs_.next_id(), 0, newest, sorted(std::move(entries)));
    ASSERT_DONE(run);
    runs_.add(std::move(*run));
  }
  // Merges what is due, as the engine does.
  void merge() {
    std::vector<KeyRun> due = runs_.due_for_merge();
    ASSERT_FALSE(due.empty());
    auto merged = merge_key_runs(*connection_, due, runs_.next_id());
    ASSERT_DONE(merged);
    runs_.add(std::move(*merged));
    for (const KeyRun& run : due) {
      runs_.remove(run.id);
      ASSERT_DONE(drop_key_run(*connection_, run.id));
    }
  }
  std::vector<RecordNumber> find(uint64_t hash) { return find_in(runs_, hash); }
  std::vector<RecordNumber> find_in(const KeyRuns& runs, uint64_t hash) {
    auto found = runs.find(*connection_, hash);
    EXPECT_TRUE(found.has_value());
    std::vector<RecordNumber> records = found.value_or(std::vector<RecordNumber>());
    std::sort(records.begin(), records.end());
    return records;
  }
  int64_t rows(const std::string& table) { return number(*connection_, "SELECT count(*) FROM " + table); }
  using Records = std::vector<RecordNumber>;

  SqliteBackend backend_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<storage::Connection> connection_;
  KeyRuns runs_;
};

TEST_F(KeyRunsTest, FindEveryKeyOfARunOfManyChunks) {
  SeededRandom random(1);
  std::vector<KeyEntry> entries(10'000);
  for (size_t i = 0; i < entries.size(); ++i) entries[i] = {static_cast<int64_t>(random.next()), i + 1};
  write(entries);
  EXPECT_GT(rows("key_chunks"), 4);
  for (const KeyEntry& entry : entries) {
    ASSERT_EQ(find(static_cast<uint64_t>(entry.hash)), Records{entry.record});
  }
  int found = 0;
  for (int i = 0; i < 5'000; ++i) found += !find(random.next()).empty();
  EXPECT_EQ(found, 0) << "a filter that errs is put right by the entries";
  EXPECT_EQ(runs_.keys(), 10'000u);
}

TEST_F(KeyRunsTest, FindTheSmallestAndTheLargestHash) {
  write({{INT64_MIN, 1}, {-1, 2}, {0, 3}, {INT64_MAX, 4}});
  EXPECT_EQ(find(static_cast<uint64_t>(INT64_MIN)), Records{1});
  EXPECT_EQ(find(UINT64_MAX), Records{2});
  EXPECT_EQ(find(0), Records{3});
  EXPECT_EQ(find(INT64_MAX), Records{4});
}

TEST_F(KeyRunsTest, FindAllUsesOfOneHash) {
  // More than a chunk holds, between others, and again in a second run.
  std::vector<KeyEntry> entries;
  for (uint64_t i = 1; i <= 5'000; ++i) entries.push_back({50, i});
  for (int64_t i = 0; i < 3'000; ++i) entries.push_back({i < 1'500 ? i - 2'000 : i, 9'999});
  write(entries);
  write({{50, 7'000}});
  auto found = find(50);
  EXPECT_EQ(found.size(), 5'001u);
  EXPECT_EQ(found.front(), 1u);
  EXPECT_EQ(found.back(), 7'000u);
  EXPECT_EQ(find(static_cast<uint64_t>(-2'000)), Records{9'999});
  EXPECT_EQ(find(2'999), Records{9'999});
}

TEST_F(KeyRunsTest, EightRunsAreMergedIntoOneOfTheNextLevel) {
  SeededRandom random(2);
  std::vector<KeyEntry> all;
  for (int run = 0; run < KeyRuns::kFanIn; ++run) {
    EXPECT_TRUE(runs_.due_for_merge().empty()) << run;
    std::vector<KeyEntry> entries(500);
    for (KeyEntry& entry : entries) entry = {static_cast<int64_t>(random.next()), all.size() + 1};
    all.insert(all.end(), entries.begin(), entries.end());
    write(entries, Timestamp{run});
  }
  merge();
  EXPECT_TRUE(runs_.due_for_merge().empty());
  EXPECT_EQ(rows("key_runs"), 1);
  EXPECT_EQ(rows("key_filters"), 1);
  EXPECT_EQ(number(*connection_, "SELECT level FROM key_runs"), 1);
  EXPECT_EQ(number(*connection_, "SELECT newest_at FROM key_runs"), KeyRuns::kFanIn - 1);
  EXPECT_EQ(runs_.keys(), all.size());
  for (const KeyEntry& entry : all) {
    auto found = find(static_cast<uint64_t>(entry.hash));
    ASSERT_EQ(found, Records{entry.record});
  }
}

TEST_F(KeyRunsTest, MergingEndsAtTheHighestLevel) {
  int64_t hash = 0;
  for (int run = 0; run < KeyRuns::kFanIn * KeyRuns::kFanIn * KeyRuns::kFanIn; ++run) {
    write({{hash, static_cast<RecordNumber>(hash + 1)}});
    ++hash;
    while (!runs_.due_for_merge().empty()) merge();
  }
  EXPECT_EQ(rows("key_runs"), KeyRuns::kFanIn);
  EXPECT_EQ(number(*connection_, "SELECT min(level) FROM key_runs"), KeyRuns::kMaxLevel);
  for (int64_t i = 0; i < hash; ++i)
    ASSERT_EQ(find(static_cast<uint64_t>(i)), Records{static_cast<RecordNumber>(i + 1)});
}

// The merge was committed and the drop of the old runs was not: a crash came between.
TEST_F(KeyRunsTest, EntriesThatAreThereTwiceAreFoundAndDoNoHarm) {
  for (int run = 0; run < KeyRuns::kFanIn; ++run) write({{run, static_cast<RecordNumber>(run + 1)}});
  auto merged = merge_key_runs(*connection_, runs_.due_for_merge(), runs_.next_id());
  ASSERT_DONE(merged);
  KeyRuns loaded;
  ASSERT_DONE(loaded.load(*connection_));
  EXPECT_EQ(find_in(loaded, 3), Records({4, 4}));
  EXPECT_EQ(loaded.next_id(), KeyRuns::kFanIn + 2);
}

TEST_F(KeyRunsTest, ComeBackFromTheTables) {
  SeededRandom random(3);
  std::vector<KeyEntry> entries(3'000);
  for (size_t i = 0; i < entries.size(); ++i) entries[i] = {static_cast<int64_t>(random.next()), i + 1};
  write(entries, Timestamp{42});
  KeyRuns loaded;
  ASSERT_DONE(loaded.load(*connection_));
  EXPECT_EQ(loaded.keys(), 3'000u);
  EXPECT_EQ(loaded.next_id(), 2);
  for (const KeyEntry& entry : entries) {
    ASSERT_TRUE(loaded.may_contain(static_cast<uint64_t>(entry.hash)));
    ASSERT_EQ(find_in(loaded, static_cast<uint64_t>(entry.hash)), Records{entry.record});
  }
  EXPECT_EQ(loaded.older_than(Timestamp{42}), std::vector<int64_t>{});
  EXPECT_EQ(loaded.older_than(Timestamp{43}), std::vector<int64_t>{1});
}

TEST_F(KeyRunsTest, AnOldRunLeavesAsAWhole) {
  write({{1, 1}, {2, 2}}, Timestamp{10});
  write({{3, 3}}, Timestamp{20});
  EXPECT_EQ(runs_.older_than(Timestamp{20}), std::vector<int64_t>{1});
  ASSERT_DONE(drop_key_run(*connection_, 1));
  runs_.remove(1);
  EXPECT_FALSE(runs_.may_contain(1) && !find(1).empty());
  EXPECT_EQ(find(3), Records{3});
  EXPECT_EQ(rows("key_runs"), 1);
  EXPECT_EQ(rows("key_chunks"), 1);
  EXPECT_EQ(rows("key_filters"), 1);
}

TEST_F(KeyRunsTest, WritingARunAgainChangesNothing) {
  write({{1, 1}, {2, 2}}, Timestamp{10});
  auto again = write_key_run(*connection_, 1, 0, Timestamp{10}, std::vector<KeyEntry>{{1, 1}, {2, 2}});
  ASSERT_DONE(again);
  EXPECT_EQ(rows("key_runs"), 1);
  EXPECT_EQ(find(1), Records{1});
}

TEST_F(KeyRunsTest, ADamagedChunkIsCorrupt) {
  write({{1, 1}, {2, 2}});
  ASSERT_DONE(
      connection_->execute("UPDATE key_chunks SET entries = $1", {storage::Blob{"seventeen bytes.."}}));
  EXPECT_FAILS(runs_.find(*connection_, 1), Errc::kCorrupt);
}

}  // namespace ducat::kernel::testing
