// What the engine promises on either database, with the counters of counter_server.h.
#pragma once

#include <gtest/gtest.h>

#include <future>

#include "base/fault_point.h"
#include "kernel/engine/testing/counter_server.h"

namespace ducat::kernel::testing {

class EngineContract : public OnBackend {};

TEST_P(EngineContract, AcceptsRefusesAndRemembersAcrossARestart) {
  {
    Server server(*backend_);
    EXPECT_EQ(server.add(1, 100).result, 100);
    EXPECT_EQ(server.add(1, -101).verdict, Verdict::kRefused);
    EXPECT_EQ(server.add(1, -30).result, 70);
  }
  Server server(*backend_);
  EXPECT_EQ(server.add(1, 0).result, 70);
  EXPECT_EQ(server.engine().stats().lag_events, 0u);
}

TEST_P(EngineContract, AKeyIsAppliedOnceAndAnsweredAsBefore) {
  {
    Server server(*backend_);
    EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kAccepted);
    Add again = server.add(1, 5, "k", 7);
    EXPECT_EQ(again.verdict, Verdict::kReplayed);
    EXPECT_EQ(again.result, 5);
    EXPECT_EQ(server.add(1, 6, "k", 8).verdict, Verdict::kKeyReused);
    EXPECT_EQ(server.add(1, -100, "refused").verdict, Verdict::kRefused);
    EXPECT_EQ(server.add(1, 95).result, 100);
    EXPECT_EQ(server.add(1, -100, "refused").verdict, Verdict::kAccepted) << "a refusal is judged anew";
  }
  Server server(*backend_);
  EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kReplayed);
}

TEST_P(EngineContract, KeysExpire) {
  EngineOptions options;
  options.key_life = Duration{0};
  Server server(*backend_, options);
  EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kAccepted);
  Add later = server.add(1, 5, "k", 7);
  while (later.verdict == Verdict::kReplayed)
    later = server.add(1, 5, "k", 7);  // within the same microsecond
  EXPECT_EQ(later.result, 10);
}

TEST_P(EngineContract, AnAtomicGroupHappensWhollyOrNotAtAll) {
  Server server(*backend_);
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

TEST_P(EngineContract, WhatWasAnsweredSurvivesAKill) {
  {
    Server server(*backend_);
    for (int i = 0; i < 50; ++i) server.add(i % 5, 1, "k" + std::to_string(i));
    server.end();
  }
  Server server(*backend_);
  for (uint64_t i = 0; i < 5; ++i) EXPECT_EQ(server.add(i, 0).result, 10);
  EXPECT_EQ(server.add(3, 1, "k13").verdict, Verdict::kReplayed);
}

TEST_P(EngineContract, AnAppendOfUnknownOutcomeIsLookedUpNotRepeated) {
  Server server(*backend_);
  std::atomic<int> hits{0};
  ArmedFault lost("journal.append.after", [&] {
    return hits.fetch_add(1) == 0 ? Status(fail(Errc::kTimeout, "connection lost")) : Status();
  });
  EXPECT_EQ(server.add(1, 5).verdict, Verdict::kAccepted);
  EXPECT_EQ(server.add(1, 0).result, 5);
}

TEST_P(EngineContract, AFailedAppendIsAnsweredAsUnavailableAndLeavesNoTrace) {
  Server server(*backend_);
  server.add(1, 10);
  {
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    EXPECT_EQ(server.add(1, 5, "k").verdict, Verdict::kUnavailable);
  }
  Add later = server.add_patiently(1, 5, "k");  // until the quiet time is over
  EXPECT_EQ(later.verdict, Verdict::kAccepted);
  EXPECT_EQ(later.result, 15);
  EXPECT_EQ(server.engine().stats().recoveries, 1u);
}

TEST_P(EngineContract, WhileNothingCanBeWrittenReadsAreServed) {
  Server server(*backend_);
  server.add(1, 10);
  ASSERT_DONE(server.wait_until_tables_follow());
  ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
  EXPECT_EQ(server.add(1, 5).verdict, Verdict::kUnavailable);
  EXPECT_EQ(server.add(1, 5).verdict, Verdict::kUnavailable);
  EXPECT_EQ(server.read(1), 10);
  EXPECT_NE(server.engine().stats().trouble, "");
}

TEST_P(EngineContract, KeysThatLeftMemoryAreFoundInTheTables) {
  EngineOptions options;
  options.keys_in_memory = 10;
  constexpr int kKeys = 700;  // 70 runs: merged twice
  {
    Server server(*backend_, options);
    std::vector<std::string> keys;
    for (int i = 0; i < kKeys; ++i) keys.push_back("key" + std::to_string(i));
    for (int i = 0; i < kKeys; i += 5) {
      std::vector<Add> adds;
      for (int k = i; k < i + 5; ++k) adds.push_back(Server::one(1, 1, keys[k], k));
      ASSERT_EQ(server.submit(adds).back().result, i + 5);
    }
    for (int i = 0; i < kKeys; ++i) {
      Add again = server.add(1, 1, keys[i], i);
      ASSERT_EQ(again.verdict, Verdict::kReplayed) << i;
      ASSERT_EQ(again.result, i + 1);
    }
    EXPECT_EQ(server.add(1, 1, keys[0], 77).verdict, Verdict::kKeyReused);
  }
  Server server(*backend_, options);
  EXPECT_EQ(server.add(1, 1, "key0", 0).result, 1);
  EXPECT_EQ(server.add(1, 1, "key699", 699).result, 700);
  EXPECT_EQ(server.read(1), kKeys);
}

TEST_P(EngineContract, RunsOfExpiredKeysAreDropped) {
  EngineOptions options;
  options.keys_in_memory = 10;
  options.key_life = Duration::millis(1);
  Server server(*backend_, options);
  for (int i = 0; i < 50; ++i) server.add(1, 1, "key" + std::to_string(i));
  ASSERT_DONE(server.wait_until_tables_follow());
  auto connection = server.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_TRUE(eventually([&] { return number(**connection, "SELECT count(*) FROM key_runs") == 0; }));
  EXPECT_EQ(number(**connection, "SELECT count(*) FROM key_chunks"), 0);
  EXPECT_EQ(number(**connection, "SELECT count(*) FROM key_filters"), 0);
}

// The commit of tables and keys happened, and the engine is told that it did not.
TEST_P(EngineContract, TablesAndKeysWithAnUnknownOutcomeAreWrittenAgain) {
  EngineOptions options;
  options.keys_in_memory = 10;
  options.projector.retry = Duration::millis(5);
  Server server(*backend_, options);
  std::atomic<int> hits{0};
  ArmedFault lost("projection.write.after", [&] {
    return hits.fetch_add(1) % 2 == 0 ? Status(fail(Errc::kTimeout, "connection lost")) : Status();
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(server.add(1, 1, "key" + std::to_string(i)).result, i + 1);
    ASSERT_DONE(server.wait_until_tables_follow());
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(server.add(1, 1, "key" + std::to_string(i)).verdict, Verdict::kReplayed) << i;
  }
  auto connection = server.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_EQ(number(**connection, "SELECT value FROM counters WHERE id = 1"), 100);
  EXPECT_GT(number(**connection, "SELECT count(*) FROM key_runs"), 0);
}

TEST_P(EngineContract, TablesThatCannotBeWrittenDoNotStopCommandsUntilTheLagIsTooLong) {
  EngineOptions options;
  options.lag_events = 20;
  options.wait = Duration::millis(300);
  Server server(*backend_, options);
  {
    ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    int accepted = 0;
    for (int i = 0; i < 22; ++i) accepted += server.add(1, 1).verdict == Verdict::kAccepted;
    EXPECT_EQ(accepted, 20);
    EXPECT_FAILS(server.wait_until_tables_follow(), Errc::kUnavailable);
  }
  EXPECT_EQ(server.add_patiently(1, 1).result, 21);
}

TEST_P(EngineContract, CommandsSlowDownBeforeTheLagOfTheTablesIsTooLong) {
  EngineOptions options;
  options.lag_events = 20;
  options.lag_rest = Duration::millis(50);
  Server server(*backend_, options);
  ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kFull, "disk full")); });
  SystemClock clock;
  for (int i = 0; i < 11; ++i) ASSERT_EQ(server.add(1, 1).verdict, Verdict::kAccepted);
  Timestamp since = clock.monotonic();
  for (int i = 0; i < 9; ++i) ASSERT_EQ(server.add(1, 1).verdict, Verdict::kAccepted);
  // A tenth of the rest before the first of them, two tenths before the second …
  EXPECT_GE(clock.monotonic() - since, Duration::millis(45 * 5));
}

TEST_P(EngineContract, ReadersOfTheTablesWaitForTheirPosition) {
  Server server(*backend_);
  auto connection = server.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  for (int i = 1; i <= 20; ++i) {
    server.add(1, 1);
    ASSERT_DONE(server.wait_until_tables_follow());
    ASSERT_EQ(number(**connection, "SELECT value FROM counters WHERE id = 1"), i);
  }
}

TEST_P(EngineContract, AStaleLeaderCannotWrite) {
  EngineOptions hanging;
  hanging.lease = {"hanging", Duration{0}};
  Server stale(*backend_, hanging);
  EXPECT_EQ(stale.add(1, 5, "first").verdict, Verdict::kAccepted);
  Server fresh(*backend_);
  EXPECT_EQ(fresh.add(1, 3, "second").result, 8);
  EXPECT_EQ(stale.add(1, 100, "lost").verdict, Verdict::kUnavailable);
  EXPECT_TRUE(eventually([&] { return !stale.engine().stats().leading; }));
  EXPECT_EQ(stale.add(1, 100, "lost").verdict, Verdict::kUnavailable) << "for good";
  EXPECT_EQ(fresh.add(1, 1, "first").verdict, Verdict::kReplayed) << "keys are known to the next leader";
  EXPECT_EQ(fresh.read(1), 8);
}

TEST_P(EngineContract, ManyClientsOfOneCounterAreAllCounted) {
  Server server(*backend_);
  std::vector<std::thread> clients;
  std::atomic<int> accepted{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) {
        // Every key comes from two clients.
        std::string key = std::to_string(c / 2) + "-" + std::to_string(i);
        Verdict verdict = server.add(1, 1, key).verdict;
        EXPECT_TRUE(verdict == Verdict::kAccepted || verdict == Verdict::kReplayed);
        accepted += verdict == Verdict::kAccepted;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(accepted, 200);
  EXPECT_EQ(server.read(1), 200);
  EXPECT_LT(server.engine().stats().batches, server.engine().stats().operations + 1);
}

TEST_P(EngineContract, WhileABatchIsSyncedOnlyManyArrivalsWakeTheEngine) {
  SystemClock clock;
  auto soon = [&clock](auto holds) {
    Timestamp give_up = clock.monotonic() + Duration::seconds(10);
    while (!holds() && clock.monotonic() < give_up) std::this_thread::yield();
    return holds();
  };
  std::atomic<int> accepted{0};
  std::atomic<bool> syncing{false};
  std::promise<void> go;
  std::shared_future<void> synced = go.get_future();
  Server server(*backend_);
  auto arrive = [&] {
    server.begin({Server::one(1, 1)},
                 [&](std::vector<Add> adds) { accepted += adds[0].verdict == Verdict::kAccepted; });
  };
  ArmedFault slow("journal.append.before", [&] {
    syncing = true;
    synced.wait();
    return Status();
  });
  RecordNumber before = server.engine().stats().decided;
  arrive();
  EXPECT_TRUE(soon([&] { return syncing.load(); }));
  int wake_ups = server.wake_ups();
  for (int i = 0; i < 12; ++i) arrive();
  EXPECT_EQ(server.wake_ups(), wake_ups) << "few wait for the batch under way";
  for (int i = 0; i < 50; ++i) arrive();
  EXPECT_GT(server.wake_ups(), wake_ups);
  EXPECT_TRUE(soon([&] { return server.engine().stats().decided == before + 2; }))
      << "many are decided while it is synced";
  go.set_value();
  EXPECT_TRUE(soon([&] { return accepted == 63; })) << accepted;
}

TEST_P(EngineContract, AnEngineWithAPaceMakesFewLargeBatches) {
  EngineOptions options;
  options.pace = Duration::millis(200);
  Server server(*backend_, options);
  SystemClock clock;
  Timestamp begin = clock.monotonic();
  uint64_t before = server.engine().stats().batches;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::thread> clients;
    for (int c = 0; c < 8; ++c) clients.emplace_back([&] { server.add(1, 1); });
    for (std::thread& client : clients) client.join();
  }
  EXPECT_EQ(server.read(1), 24);
  int64_t paces = (clock.monotonic() - begin).micros / options.pace.micros;
  EXPECT_LE(server.engine().stats().batches - before, static_cast<uint64_t>(paces) + 1);
}

TEST_P(EngineContract, WaitsAreLimitedAndStopAnswersEverybody) {
  EngineOptions options;
  options.waiting_operations = 4;
  options.wait = Duration::millis(300);
  options.append_retry = Duration::millis(300);
  Server server(*backend_, options);
  server.add(1, 1);
  ArmedFault down("journal.append.before", [] { return Status(fail(Errc::kUnavailable, "no server")); });
  std::vector<std::thread> clients;
  std::atomic<int> unavailable{0};
  for (int c = 0; c < 20; ++c) {
    clients.emplace_back([&] { unavailable += server.add(1, 1).verdict == Verdict::kUnavailable; });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(unavailable, 20);
  server.stop();
}

// More than one part of a replay: written before the engine serves, with nobody else at the tables.
TEST_P(EngineContract, AStartReplaysALongTailInParts) {
  constexpr int kRecords = 5, kEvents = 60'000;
  {
    Server(*backend_).add(1, 7);
    auto journal = backend_->open("counters", true);
    auto writer = JournalWriter::lead(*journal, {"filler", Duration{0}});
    ASSERT_DONE(writer);
    for (int i = 0; i < kRecords; ++i) {
      RecordBuilder builder;
      builder.start((*writer)->tip().number + 1, (*writer)->tip().end_position, (*writer)->epoch(),
                    (*writer)->tip().at);
      for (int k = 0; k < kEvents; ++k) builder.event(static_cast<uint64_t>(k % 10), "1");
      Record record = builder.take();
      ASSERT_DONE((*writer)->append(record));
    }
    (*writer)->release();
  }
  Server server(*backend_);
  EXPECT_EQ(server.read(1), 7 + kRecords * kEvents / 10);
  ASSERT_DONE(server.wait_until_tables_follow());
  auto connection = server.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_EQ(number(**connection, "SELECT CAST(sum(value) AS bigint) FROM counters"), 7 + kRecords * kEvents);
  EXPECT_EQ(server.engine().stats().lag_events, 0u);
}

// A recovery with a long tail whose first try fails half way must not count anything twice.
TEST_P(EngineContract, ARecoveryThatFailsHalfWayBeginsAnew) {
  EngineOptions options;
  options.projector.retry = Duration::millis(20);
  Server server(*backend_, options);
  constexpr int kBatches = 3, kEach = 50'000;
  {
    ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kUnavailable, "down")); });
    for (int i = 0; i < kBatches; ++i) {
      std::vector<Add> adds(kEach, Server::one(1, 1));
      ASSERT_EQ(server.submit(std::move(adds)).back().verdict, Verdict::kAccepted);
    }
    server.model().fail_replay_at = 120'000;
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    EXPECT_EQ(server.add(1, 1).verdict, Verdict::kUnavailable);
    ASSERT_TRUE(eventually([&] { return server.engine().stats().recoveries == 1; }));
    EXPECT_EQ(server.model().fail_replay_at, 0) << "the first try failed";
  }
  EXPECT_EQ(server.add_patiently(1, 1).result, kBatches * kEach + 1);
  ASSERT_DONE(server.wait_until_tables_follow());
  EXPECT_EQ(server.engine().stats().lag_events, 0u);
  EXPECT_EQ(server.engine().stats().recoveries, 1u);
}

// The tables work again while the journal does not: one is over, the other is not.
TEST_P(EngineContract, TheTroubleOfOneThingIsNotOverBecauseAnotherWorks) {
  EngineOptions options;
  options.projector.retry = Duration::millis(5);
  Server server(*backend_, options);
  server.add(1, 1);
  ASSERT_DONE(server.wait_until_tables_follow());
  EXPECT_EQ(server.engine().stats().trouble, "");
  {
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "no room")); });
    {
      ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kIo, "no tables")); });
      EXPECT_EQ(server.add(1, 1).verdict, Verdict::kUnavailable);
      ASSERT_TRUE(eventually([&] { return server.engine().stats().recoveries == 1; }));
    }
    EXPECT_EQ(server.engine().stats().trouble, "no room");
  }
  {
    ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kIo, "no tables")); });
    ASSERT_EQ(server.add_patiently(1, 1).result, 2);
    ASSERT_TRUE(eventually([&] { return server.engine().stats().trouble == "no tables"; }));
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "no room")); });
    EXPECT_EQ(server.add(1, 1).verdict, Verdict::kUnavailable);
    EXPECT_TRUE(eventually([&] { return server.engine().stats().trouble == "no room; no tables"; }));
  }
  ASSERT_TRUE(eventually([&] { return server.engine().stats().lag_events == 0; }));
  ASSERT_TRUE(eventually([&] { return server.engine().stats().trouble == "no room"; }));
  ASSERT_EQ(server.add_patiently(1, 1).result, 3);
  EXPECT_EQ(server.engine().stats().trouble, "");
}

TEST_P(EngineContract, AStopWritesTheTablesAlthoughTheJournalIsInTrouble) {
  EngineOptions options;
  options.projector.linger = Duration::seconds(60);
  Server server(*backend_, options);
  server.add(1, 1);
  ASSERT_DONE(server.wait_until_tables_follow());
  server.add(1, 1);
  ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "no room")); });
  EXPECT_EQ(server.add(1, 1).verdict, Verdict::kUnavailable);
  ASSERT_TRUE(eventually([&] { return server.engine().stats().recoveries == 1; }));
  server.stop();
  auto connection = server.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_EQ(number(**connection, "SELECT value FROM counters WHERE id = 1"), 2);
}

TEST_P(EngineContract, AStartFromNothingKeepsNoMoreKeysInMemoryThanItMay) {
  EngineOptions options;
  options.keys_in_memory = 10;
  constexpr int kKeys = 100;
  {
    Server server(*backend_, options);
    for (int i = 0; i < kKeys; ++i) server.add(1, 1, "key" + std::to_string(i));
  }
  auto tables = backend_->open("counters", false);
  auto connection = tables->connect(storage::Access::kWriter);
  ASSERT_DONE(connection);
  for (const char* sql :
       {"DELETE FROM counters", "DELETE FROM key_runs", "DELETE FROM key_chunks", "DELETE FROM key_filters",
        "UPDATE projection_checkpoint SET record = 0, keys_record = 0"}) {
    ASSERT_DONE((*connection)->execute(sql));
  }
  Server server(*backend_, options);
  // While it starts, runs come one after the other; what serves may have merged the first already.
  EXPECT_GE(number(**connection, "SELECT CAST(sum(keys) AS BIGINT) FROM key_runs"), kKeys - 20);
  for (int i = 0; i < kKeys; ++i) {
    Add again = server.add(1, 1, "key" + std::to_string(i));
    ASSERT_EQ(again.verdict, Verdict::kReplayed) << i;
    ASSERT_EQ(again.result, i + 1);
  }
  EXPECT_EQ(server.read(1), kKeys);
}

TEST_P(EngineContract, AKeyThatIsGivenBackCountsAsNeverUsed) {
  EngineOptions options;
  options.keys_in_memory = 4;  // so that they are looked up in memory and in the tables
  {
    Server server(*backend_, options);
    for (int round = 1; round <= 10; ++round) {
      ASSERT_EQ(server.add(1, 5, "k", 7).result, round * 5);
      ASSERT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kReplayed);
      Add free = Server::one(1, 0, "k", 7);
      free.frees_key = true;
      ASSERT_EQ(server.submit({free}).front().verdict, Verdict::kAccepted);
      ASSERT_DONE(server.wait_until_tables_follow());
    }
    EXPECT_EQ(server.add(1, 5, "k", 8).result, 55);
  }
  Server server(*backend_, options);
  EXPECT_EQ(server.add(1, 5, "k", 8).verdict, Verdict::kReplayed);
  EXPECT_EQ(server.read(1), 55);
}

TEST_P(EngineContract, WhatComesTooLateIsNotDecidedUnlessItsKeyAnswersIt) {
  Server server(*backend_);
  Add late = Server::one(1, 5, "k", 7);
  late.not_after = {1};
  EXPECT_EQ(server.submit({late}).front().verdict, Verdict::kUnavailable);
  EXPECT_EQ(server.add(1, 5, "k", 7).verdict, Verdict::kAccepted);
  EXPECT_EQ(server.submit({late}).front().verdict, Verdict::kReplayed);
  EXPECT_EQ(server.read(1), 5);
}

}  // namespace ducat::kernel::testing
