// The engine's contract on PostgreSQL, and what only a server does: it restarts under the engine's feet.
#include "kernel/engine/testing/engine_contract.h"

namespace ducat::kernel::testing {

INSTANTIATE_TEST_SUITE_P(Postgres, EngineContract, ::testing::Values(make_postgres));

class PostgresEngine : public EngineContract {};
INSTANTIATE_TEST_SUITE_P(Postgres, PostgresEngine, ::testing::Values(make_postgres));

// Clients repeat what was answered with "not now", with the same key: whatever the server went through,
// everything has happened once.
TEST_P(PostgresEngine, CommandsSurviveARestartOfTheServerAndHappenOnce) {
  Server server(*backend_);
  constexpr int kClients = 4, kCommands = 60;
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < kCommands; ++i) {
        Add added =
            server.add_patiently(static_cast<uint64_t>(c), 1, std::to_string(c) + "-" + std::to_string(i));
        EXPECT_TRUE(added.verdict == Verdict::kAccepted || added.verdict == Verdict::kReplayed);
        EXPECT_EQ(added.result, i + 1);
        ++answered;
      }
    });
  }
  for (int part = 1; part <= 3; ++part) {
    EXPECT_TRUE(eventually([&] { return answered >= part * kClients * kCommands / 4; }));
    postgres()->stop(part == 2 ? storage::TemporaryPostgres::Stop::kKill
                               : storage::TemporaryPostgres::Stop::kImmediate);
    ASSERT_DONE(postgres()->restart());
  }
  for (std::thread& client : clients) client.join();
  for (uint64_t c = 0; c < kClients; ++c) EXPECT_EQ(server.add_patiently(c, 0).result, kCommands);
  EXPECT_TRUE(server.engine().stats().leading);
  EXPECT_TRUE(eventually([&] { return server.wait_until_tables_follow().has_value(); }));
  auto connection = server.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_EQ(number(**connection, "SELECT sum(value)::bigint FROM counters"), kClients * kCommands);
}

TEST_P(PostgresEngine, AnEngineWhoseServerIsDownSaysSoAndStopsInTime) {
  EngineOptions options;
  options.append_retry = Duration::millis(200);
  options.wait = Duration::millis(300);
  Server server(*backend_, options);
  EXPECT_EQ(server.add(1, 5, "k").verdict, Verdict::kAccepted);
  postgres()->stop(storage::TemporaryPostgres::Stop::kImmediate);
  EXPECT_EQ(server.add(1, 5, "other").verdict, Verdict::kUnavailable);
  EXPECT_NE(server.engine().stats().trouble, "");
  server.stop();
  ASSERT_DONE(postgres()->restart());
  Server next(*backend_);
  EXPECT_EQ(next.read(1), 5);
}

TEST_P(PostgresEngine, ASecondEngineWaitsWhileTheFirstOneLeads) {
  Server first(*backend_);
  first.add(1, 1);
  auto journal = backend_->open("counters", true);
  EXPECT_FAILS(JournalWriter::lead(*journal, {"second", Duration::seconds(6)}), Errc::kBusy);
  EXPECT_EQ(first.add(1, 1).result, 2);
}

}  // namespace ducat::kernel::testing
