// Two engines on one PostgreSQL: one leads, the other follows, answers reads, and takes over.
#include <random>

#include "base/fault_point.h"
#include "kernel/engine/testing/counter_server.h"

namespace ducat::kernel::testing {
namespace {

EngineOptions following(std::string holder) {
  EngineOptions options;
  options.follow = true;
  options.lease.holder = std::move(holder);
  options.lease.duration = Duration::seconds(4);
  options.lead_interval = Duration::millis(100);
  options.wait = Duration::seconds(2);
  return options;
}

class Following : public OnBackend {
 protected:
  std::unique_ptr<Server> start(std::string holder) {
    return std::make_unique<Server>(*backend_, following(std::move(holder)));
  }
  // Adds with this key to whoever leads, as a client that knows both would.
  static Add add_somewhere(Server& a, Server& b, uint64_t counter, int64_t amount, const std::string& key) {
    Add added;
    eventually([&] {
      added = a.add(counter, amount, key);
      if (added.verdict == Verdict::kUnavailable) added = b.add(counter, amount, key);
      return added.verdict != Verdict::kUnavailable;
    });
    return added;
  }
};
INSTANTIATE_TEST_SUITE_P(Postgres, Following, ::testing::Values(make_postgres));

TEST_P(Following, TheSecondEngineFollowsAnswersReadsAndRefusesWrites) {
  auto first = start("first");
  first->add(1, 5, "before");
  auto second = start("second");
  EXPECT_TRUE(first->leads());
  EXPECT_FALSE(second->leads());
  EXPECT_TRUE(second->engine().stats().following);
  EXPECT_EQ(second->read(1), 5);
  for (int64_t i = 1; i <= 200; ++i) {
    ASSERT_EQ(first->add(7, 1).result, i);
    ASSERT_EQ(second->read(7), i) << "a follower's answer is older than an acknowledged write";
  }
  EXPECT_EQ(second->add(1, 5, "refused").verdict, Verdict::kUnavailable);
  EXPECT_EQ(first->read(1), 5);
  EXPECT_EQ(first->add(1, 5, "refused").verdict, Verdict::kAccepted) << "a refused write was not applied";
  EXPECT_EQ(second->read(1), 10);
  EXPECT_EQ(second->latest(), first->engine().stats().durable);
  ASSERT_DONE(second->wait_written(second->latest()));
  auto connection = second->tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_EQ(number(**connection, "SELECT value FROM counters WHERE id = 1"), 10);
}

// Writers change counters at the leader and note what was acknowledged; readers at the follower look at the
// notes first and must then see at least that. Counters are many, so that some are in memory, some in the
// tables, some in neither when the snapshot was taken.
TEST_P(Following, AReadIsNeverOlderThanAnAcknowledgedWrite) {
  constexpr uint64_t kCounters = 400;
  constexpr int kWrites = 1500;
  auto first = start("first");
  auto second = start("second");
  std::vector<std::atomic<int64_t>> acknowledged(kCounters);
  std::atomic<bool> done{false};
  std::atomic<int> reads{0}, stale{0};
  std::vector<std::thread> readers;
  for (unsigned r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      std::minstd_rand random(r + 1);
      while (!done) {
        uint64_t counter = random() % kCounters;
        int64_t before = acknowledged[counter];
        Add answer = second->submit({Server::one(counter, 0)}, false, true).front();
        if (answer.verdict != Verdict::kAccepted) continue;
        ++reads;
        if (answer.result < before) ++stale;
      }
    });
  }
  std::vector<std::thread> writers;
  for (unsigned w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      std::minstd_rand random(w + 77);
      for (int i = 0; i < kWrites; ++i) {
        uint64_t counter = random() % (kCounters / 2) * 2 + w;  // each has one writer
        Add added = first->add(counter, 1);
        if (added.verdict == Verdict::kAccepted) acknowledged[counter] = added.result;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(eventually([&] { return reads > 500; }));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(stale, 0) << "of " << reads;
  for (uint64_t c = 0; c < kCounters; ++c) ASSERT_EQ(second->read(c), acknowledged[c]) << c;
}

TEST_P(Following, ALeaderKeepsItsPlaceThroughAReplayThatOutlastsItsLease) {
  auto first = start("first");
  auto second = start("second");
  {
    ArmedFault behind("projection.write.before",
                      [] { return Status(fail(Errc::kUnavailable, "no tables")); });
    for (int i = 0; i < 3; ++i) ASSERT_EQ(first->add(1, 1).verdict, Verdict::kAccepted);
    // Each of the three takes 2.2 s of the replay, unless somebody else leads before.
    first->model().during_replay = [&] {
      eventually([&] { return second->leads(); }, Duration::millis(2200));
    };
    ArmedFault fails("journal.append.before", [] { return Status(fail(Errc::kConflict, "once")); });
    EXPECT_EQ(first->add(1, 1).verdict, Verdict::kUnavailable);
  }
  EXPECT_TRUE(eventually([&] { return first->add(1, 1).verdict == Verdict::kAccepted; }));
  EXPECT_FALSE(second->leads());
  EXPECT_EQ(second->read(1), 4);
}

TEST_P(Following, AFollowerTakesOverWhenTheLeaderStops) {
  auto first = start("first");
  auto second = start("second");
  for (int i = 0; i < 50; ++i) first->add(3, 1, "k" + std::to_string(i));
  first->stop();
  EXPECT_TRUE(eventually([&] { return second->leads(); }));
  EXPECT_EQ(second->add(3, 1, "k49").verdict, Verdict::kReplayed) << "keys are remembered";
  EXPECT_EQ(second->add(3, 1, "new").result, 51);
  ASSERT_DONE(second->wait_until_tables_follow());
  first.reset();
  auto third = start("third");
  EXPECT_FALSE(third->leads());
  EXPECT_EQ(third->read(3), 51);
}

TEST_P(Following, ALeaderWhoseSessionsAreCutLosesNothingAndExactlyOneLeadsAfterwards) {
  auto first = start("first");
  auto second = start("second");
  constexpr int kCommands = 120;
  std::atomic<int> answered{0};
  std::thread client([&] {
    for (int i = 0; i < kCommands; ++i) {
      Add added = add_somewhere(*first, *second, 1, 1, "k" + std::to_string(i));
      EXPECT_TRUE(added.verdict == Verdict::kAccepted || added.verdict == Verdict::kReplayed);
      EXPECT_EQ(added.result, i + 1);
      ++answered;
    }
  });
  for (int part = 1; part <= 3; ++part) {
    EXPECT_TRUE(eventually([&] { return answered >= part * kCommands / 4; }));
    terminate_sessions(first->journal());
  }
  client.join();
  EXPECT_TRUE(eventually([&] { return first->leads() != second->leads(); }));
  Server& leader = first->leads() ? *first : *second;
  Server& follower = first->leads() ? *second : *first;
  EXPECT_EQ(leader.read(1), kCommands);
  EXPECT_TRUE(eventually([&] { return follower.engine().stats().following; }));
  EXPECT_EQ(follower.read(1), kCommands);
  EXPECT_TRUE(eventually([&] { return leader.wait_until_tables_follow().has_value(); }));
  auto connection = leader.tables().connect(storage::Access::kReader);
  ASSERT_DONE(connection);
  EXPECT_EQ(number(**connection, "SELECT value FROM counters WHERE id = 1"), kCommands);
}

// The pause is longer than the lease: the other one leads when it is over.
TEST_P(Following, ALeaderThatWasPausedWritesNothingAnswersNothingStaleAndFollows) {
  auto first = start("first");
  auto second = start("second");
  EXPECT_EQ(first->add(1, 5).result, 5);
  std::promise<Verdict> late_write;
  {
    Server::Pause pause(*first);
    first->begin({Server::one(1, 100, "late")},
                 [&](std::vector<Add> answered) { late_write.set_value(answered.front().verdict); });
    ASSERT_TRUE(eventually([&] { return second->leads(); }));
    EXPECT_EQ(second->add(1, 2).result, 7);
    EXPECT_TRUE(first->leads()) << "it does not know yet";
  }
  Add stale = first->submit({Server::one(1, 0)}, false, true).front();
  EXPECT_TRUE(stale.verdict == Verdict::kUnavailable || stale.result == 7) << stale.result;
  EXPECT_EQ(late_write.get_future().get(), Verdict::kUnavailable);
  EXPECT_TRUE(eventually([&] { return first->engine().stats().following; }));
  EXPECT_FALSE(first->leads());
  EXPECT_EQ(first->read(1), 7);
  EXPECT_EQ(first->add(1, 1).verdict, Verdict::kUnavailable);
  EXPECT_EQ(second->add(1, 1).result, 8);
  second->stop();
  EXPECT_TRUE(eventually([&] { return first->leads(); })) << "it may lead again";
  EXPECT_EQ(first->add(1, 100, "late").result, 108);
}

TEST_P(Following, ALeaderThatWasReplacedUnawaresAnswersNoOldRead) {
  auto first = start("first");
  auto second = start("second");
  EXPECT_EQ(first->add(1, 5).result, 5);
  std::promise<Add> read;
  {
    Server::Pause pause(*first);
    first->begin(
        {Server::one(1, 0)}, [&](std::vector<Add> answered) { read.set_value(answered.front()); }, true);
    ASSERT_TRUE(eventually([&] { return second->leads(); }));
    EXPECT_EQ(second->add(1, 2).result, 7);
  }
  Add answer = read.get_future().get();
  EXPECT_TRUE(answer.verdict == Verdict::kUnavailable || answer.result == 7) << answer.result;
}

TEST_P(Following, WhoMayNotLeadAnyMoreGivesTheLeadBack) {
  auto first = start("first");
  std::atomic<bool> may{true};
  EngineOptions options = following("second");
  auto second = std::make_unique<Server>(*backend_, options, [&] { return may.load(); });
  first->add(1, 5);
  may = false;
  first->stop();
  EXPECT_EQ(second->read(1), 5);
  may = true;
  ASSERT_TRUE(eventually([&] { return second->leads(); }));
  EXPECT_EQ(second->add(1, 1).result, 6);
  may = false;
  ASSERT_TRUE(eventually([&] { return second->engine().stats().following; }));
  auto third = start("third");
  EXPECT_TRUE(eventually([&] { return third->leads(); }));
  EXPECT_EQ(third->add(1, 1).result, 7);
  EXPECT_EQ(second->read(1), 7);
  second.reset();
}

}  // namespace
}  // namespace ducat::kernel::testing
