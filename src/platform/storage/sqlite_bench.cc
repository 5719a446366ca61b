// How fast rows go into SQLite: appended in order of a narrow key, and replaced at random keys, 100,000 rows
// to a transaction. The write path of every projection.
#include <benchmark/benchmark.h>

#include <string>

#include "base/check.h"
#include "base/random.h"
#include "platform/storage/sqlite/sqlite.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::storage {
namespace {

constexpr int64_t kRows = 100'000;
constexpr Column kColumns[] = {
    {"id", ColumnType::kInt64}, {"amount", ColumnType::kInt64}, {"owner", ColumnType::kText}};
constexpr BulkTable kAppended{"rows", kColumns, 1, OnConflict::kFail};
constexpr BulkTable kReplaced{"rows", kColumns, 1, OnConflict::kReplace};

struct Fixture {
  TemporaryDirectory directory;
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;

  Fixture() {
    SqliteOptions options;
    options.path = directory.file("bench.db");
    options.synchronous_full = false;
    options.cache_bytes = int64_t{256} << 20;
    database = std::move(*open_sqlite(options));
    connection = std::move(*database->connect(Access::kWriter));
    auto made = connection->script("CREATE TABLE rows (id INTEGER PRIMARY KEY, amount BIGINT, owner TEXT)");
    DUCAT_CHECK(made, "a table for the benchmark");
  }

  void write(const BulkTable& table, const ColumnBatch& batch) {
    auto transaction = Transaction::begin(*connection);
    DUCAT_CHECK(transaction && connection->write(table, batch) && transaction->commit(),
                "a benchmark's write");
  }
};

void append_rows(benchmark::State& state) {
  Fixture fixture;
  ColumnBatch batch(kColumns);
  int64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    batch.clear();
    for (int64_t i = 0; i < kRows; i++) {
      batch.add(next++);
      batch.add(i * 7);
      batch.add("wallet-00");
    }
    state.ResumeTiming();
    fixture.write(kAppended, batch);
    state.PauseTiming();
    DUCAT_CHECK(fixture.database->checkpoint(), "a checkpoint");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(append_rows)->Unit(benchmark::kMillisecond)->UseRealTime();

void replace_random_rows(benchmark::State& state) {
  Fixture fixture;
  ColumnBatch batch(kColumns);
  SeededRandom random(1);
  for (auto _ : state) {
    state.PauseTiming();
    batch.clear();
    for (int64_t i = 0; i < kRows; i++) {
      batch.add(static_cast<int64_t>(random.below(1'000'000)));
      batch.add(i);
      batch.add("wallet-00");
    }
    state.ResumeTiming();
    fixture.write(kReplaced, batch);
    state.PauseTiming();
    DUCAT_CHECK(fixture.database->checkpoint(), "a checkpoint");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(replace_random_rows)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace ducat::storage

BENCHMARK_MAIN();
