// The generator end to end, against a small server of the test's own with bugs to find.
#include "simulate/load/load.h"

#include <gtest/gtest.h>

#include "simulate/load/load_cli.h"
#include "simulate/load/testing/fake_wallet_server.h"

namespace ducat::load {
namespace {

LoadOptions small(const FakeWalletServer& server) {
  LoadOptions options;
  options.url = server.url();
  options.connections = 8;
  options.wallets = 50;
  options.count = 2'000;
  options.warmup_seconds = 0;
  return options;
}

LoadReport must(Result<LoadReport> report) {
  EXPECT_TRUE(report) << (report ? "" : report.error().message);
  return report ? *report : LoadReport();
}

TEST(Load, TransfersAreCountedAndMoneyIsConserved) {
  FakeWalletServer server;
  LoadReport report = must(run_load(small(server), nullptr));
  EXPECT_EQ(report.operations, 2'000U);
  EXPECT_EQ(report.statuses, (std::map<int, uint64_t>{{200, 2'000}}));
  EXPECT_EQ(report.all.count, 2'000U);
  EXPECT_EQ(server.movements(), 2'050U);  // 50 deposits before
  EXPECT_EQ(server.keys_seen(), 2'050U);
  EXPECT_GT(report.per_second, 0);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
  EXPECT_EQ(report.conservation.actual,
            int64_t{100'000'000} * static_cast<int64_t>(report.conservation.wallets));
}

TEST(Load, ASecondRunOnTheSameServerFundsNothingTwice) {
  FakeWalletServer server;
  must(run_load(small(server), nullptr));
  LoadReport report = must(run_load(small(server), nullptr));
  EXPECT_EQ(server.keys_repeated(), 50U);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
}

TEST(Load, ALostUnitIsFound) {
  FakeWalletServer server({.loses_a_unit = true});
  LoadReport report = must(run_load(small(server), nullptr));
  EXPECT_FALSE(report.conservation.ok);
  EXPECT_EQ(report.conservation.problem, "money is missing");
}

TEST(Load, AnOverdraftIsFound) {
  FakeWalletServer server({.ignores_overdraft = true});
  LoadOptions options = small(server);
  options.initial_balance = 1;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_FALSE(report.conservation.ok);
  EXPECT_NE(report.conservation.problem.find("below zero"), std::string::npos);
}

TEST(Load, RefusalsForLackOfFundsAreCompletedWork) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.initial_balance = 100;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.operations, 2'000U);
  EXPECT_GT(report.refused, 0U);
  EXPECT_EQ(report.statuses[422], report.refused);
  EXPECT_EQ(report.failed, 0U);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
}

TEST(Load, BatchesCountTheirOperations) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.batch = 100;
  ASSERT_TRUE(parse_mix("transfer=50,deposit=30,withdraw=20", options));
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.operations, 2'000U);
  EXPECT_EQ(report.requests, 20U);
  EXPECT_EQ(report.all.count, 20U);
  EXPECT_EQ(server.keys_seen(), 2'050U);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
}

TEST(Load, ABatchWithAMissingResultIsAnUnreadableAnswer) {
  FakeWalletServer server({.drops_batch_result = true});
  LoadOptions options = small(server);
  options.batch = 100;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.operations, 0U);
  EXPECT_EQ(report.failed, 2'000U);
  EXPECT_EQ(report.bad_answers, 20U);
}

TEST(Load, WithoutKeysNoneAreSent) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.keys = false;
  must(run_load(options, nullptr));
  EXPECT_EQ(server.keys_seen(), 50U);  // the funding's
}

TEST(Load, AMixOfReadsAndMovementsIsSplitInTheReport) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  ASSERT_TRUE(parse_mix("transfer=40,deposit=10,withdraw=10,balance=40", options));
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.reads.count + report.writes.count, 2'000U);
  EXPECT_NEAR(static_cast<double>(report.reads.count), 800, 150);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
}

TEST(Load, ReadAfterWriteReadsOncePerTransfer) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.read_after_write = true;
  options.verify = false;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.writes.count, 2'000U);
  EXPECT_EQ(report.reads.count, 2'000U);
  EXPECT_EQ(server.reads(), 2'000U);
}

TEST(Load, AHotWalletIsPartOfEveryTransfer) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.hot = true;
  options.count = 1;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.conservation.wallets, 2U);
  EXPECT_TRUE(report.conservation.ok);
}

TEST(Load, EchoNeedsNoWallets) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  ASSERT_TRUE(parse_mix("echo", options));
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.operations, 2'000U);
  EXPECT_EQ(server.movements(), 0U);
  EXPECT_FALSE(report.conservation.checked);
}

TEST(Load, PipeliningKeepsAnswersInOrder) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.depth = 16;
  ASSERT_TRUE(parse_mix("deposit=50,withdraw=50", options));
  options.initial_balance =
      500;  // so that refusals alternate with successes: an answer out of order would show
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.operations, 2'000U);
  EXPECT_GT(report.refused, 0U);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
}

TEST(Load, AnOpenLoopSendsItsRate) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  options.rate = 4'000;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.operations, 2'000U);
  EXPECT_GE(report.seconds, 0.49);  // 2,000 at 4,000 a second cannot be over sooner
  EXPECT_EQ(report.missed, 0U);
}

TEST(Load, UnknownOutcomesAreCountedAndWidenTheBalance) {
  FakeWalletServer server({.fail_every = 97, .drop_every = 101});
  LoadOptions options = small(server);
  ASSERT_TRUE(parse_mix("deposit", options));
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_GT(report.failed, 0U);
  EXPECT_EQ(report.statuses[500], report.failed);
  EXPECT_GT(report.disconnects, 0U);
  EXPECT_GT(report.reconnects, 0U);
  EXPECT_EQ(report.operations + report.failed + report.disconnects, 2'000U);
  EXPECT_GT(report.conservation.expected_most, report.conservation.expected_least);
  EXPECT_TRUE(report.conservation.ok) << report.conservation.problem;
}

TEST(Load, ASilentServerIsATimeout) {
  FakeWalletServer server({.silent_every = 60});
  LoadOptions options = small(server);
  options.count = 20;
  options.timeout_seconds = 1;
  LoadReport report = must(run_load(options, nullptr));
  EXPECT_EQ(report.timeouts, 1U);
  EXPECT_EQ(report.operations, 19U);
}

TEST(Load, WaitsUntilTheTablesHaveCaughtUp) {
  FakeWalletServer server({.lag_polls = 5});
  LoadReport report = must(run_load(small(server), nullptr));
  EXPECT_GE(server.metrics_polls(), 6U);
  EXPECT_GE(report.settled_seconds, report.seconds);
  FakeWalletServer mute({.lag_polls = -1});
  EXPECT_LT(must(run_load(small(mute), nullptr)).settled_seconds, 0);
}

TEST(Load, AServerThatIsNotThereIsOneClearLine) {
  LoadOptions options;
  {
    FakeWalletServer server;
    options.url = server.url();
  }
  auto report = run_load(options, nullptr);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::kUnavailable);
  EXPECT_EQ(report.error().message, "cannot connect to " + options.url + ": Connection refused");
}

TEST(Load, WrongOptionsAreRefusedByName) {
  auto message = [](auto change) {
    LoadOptions options;
    change(options);
    Status status = validate(options);
    return status ? std::string() : status.error().message.substr(0, status.error().message.find(':'));
  };
  EXPECT_EQ(message([](LoadOptions&) {}), "");
  EXPECT_EQ(message([](LoadOptions& o) { o.connections = 0; }), "connections");
  EXPECT_EQ(message([](LoadOptions& o) { o.wallets = 1; }), "wallets");
  EXPECT_EQ(message([](LoadOptions& o) { o.zipf = -1; }), "zipf");
  EXPECT_EQ(message([](LoadOptions& o) { o.batch = 8'193; }), "batch");
  EXPECT_EQ(message([](LoadOptions& o) { o.mix = {50, 0, 0, 0, 0}; }), "mix");
  EXPECT_EQ(message([](LoadOptions& o) { o.read_after_write = true, o.batch = 2; }), "read-after-write");
  EXPECT_EQ(message([](LoadOptions& o) { o.batch = 10, o.mix = {50, 0, 0, 50, 0}; }), "batch");
}

TEST(ParseMix, ReadsNamesAndPercentages) {
  LoadOptions options;
  ASSERT_TRUE(parse_mix("balance", options));
  EXPECT_EQ(options.mix, (std::array<uint32_t, kOperations>{0, 0, 0, 100, 0, 0}));
  ASSERT_TRUE(parse_mix("transfer=70,balance=30", options));
  EXPECT_EQ(options.mix, (std::array<uint32_t, kOperations>{70, 0, 0, 30, 0, 0}));
  for (const char* text : {"gift", "transfer=", "transfer=x", "transfer=101", "transfer=50,gift=50"}) {
    EXPECT_FALSE(parse_mix(text, options)) << text;
  }
}

TEST(ReportJson, TellsTheResult) {
  FakeWalletServer server;
  LoadOptions options = small(server);
  std::string json = report_json(options, must(run_load(options, nullptr)));
  EXPECT_NE(json.find("\"operations\":2000,"), std::string::npos) << json;
  EXPECT_NE(json.find("\"statuses\":{\"200\":2000}"), std::string::npos) << json;
  EXPECT_NE(json.find("\"ok\":true"), std::string::npos) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace ducat::load
