// How fast rows go into PostgreSQL over one connection, and what one small commit costs. The server is a
// temporary one with fsync on.
#include <benchmark/benchmark.h>

#include <string>

#include "base/check.h"
#include "platform/storage/postgres/postgres.h"
#include "platform/storage/testing/temporary_postgres.h"

namespace ducat::storage {
namespace {

constexpr Column kColumns[] = {
    {"id", ColumnType::kInt64}, {"amount", ColumnType::kInt64}, {"owner", ColumnType::kText}};
constexpr BulkTable kAppended{"rows", kColumns, 1, OnConflict::kFail};

struct Fixture {
  std::unique_ptr<TemporaryPostgres> server;
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
  int64_t next = 0;

  Fixture() {
    server = std::move(*TemporaryPostgres::start({.fsync = true, .settings = {}}));
    PostgresOptions options;
    options.url = server->url();
    options.schema = "bench";
    database = std::move(*open_postgres(options));
    connection = std::move(*database->connect(Access::kWriter));
    auto made = connection->script("CREATE TABLE rows (id BIGINT PRIMARY KEY, amount BIGINT, owner TEXT)");
    DUCAT_CHECK(made, "a table for the benchmark");
  }
  void fill(ColumnBatch& batch, int64_t rows) {
    batch.clear();
    for (int64_t i = 0; i < rows; i++) {
      batch.add(next++);
      batch.add(i * 7);
      batch.add("wallet-00");
    }
  }
};

void append_rows(benchmark::State& state) {
  Fixture fixture;
  ColumnBatch batch(kColumns);
  for (auto _ : state) {
    fixture.fill(batch, state.range(0));
    auto transaction = Transaction::begin(*fixture.connection);
    DUCAT_CHECK(transaction && fixture.connection->write(kAppended, batch) && transaction->commit(),
                "a write");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append_rows)->Arg(1)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void append_without_a_transaction(benchmark::State& state) {
  Fixture fixture;
  ColumnBatch batch(kColumns);
  for (auto _ : state) {
    fixture.fill(batch, state.range(0));
    DUCAT_CHECK(fixture.connection->write(kAppended, batch), "a write");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append_without_a_transaction)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

void select_one(benchmark::State& state) {
  Fixture fixture;
  for (auto _ : state) {
    auto done = fixture.connection->query("SELECT $1 + 1", {1},
                                          [](const Row& row) { benchmark::DoNotOptimize(row.int64(0)); });
    DUCAT_CHECK(done, "a query");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(select_one)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace ducat::storage

BENCHMARK_MAIN();
