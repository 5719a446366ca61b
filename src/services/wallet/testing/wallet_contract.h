// What the wallet's service promises within a shard, on either database.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/fault_point.h"
#include "kernel/projection/projector.h"
#include "services/wallet/testing/wallet_server.h"

namespace ducat::wallet::testing {

class WalletContract : public OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (backend_ != nullptr) open();
  }
  void open(const Tweak& tweak = {}) {
    server_.reset();
    server_ = std::make_unique<WalletServer>(*backend_, clock_, 1, tweak);
    ASSERT_DONE(server_->started());
  }
  WalletOutcome hold(std::string_view wallet, std::string_view amount, std::optional<Timestamp> until = {}) {
    return server_->run(wallet, PlaceHold{dec(amount), until});
  }
  // A wallet with `count` events, deposits of 0.01, 0.02 …
  void make_history(std::string_view wallet, int count) {
    for (int i = 1; i < count; ++i) {
      ASSERT_EQ(server_->run(wallet, Deposit{wallet, Decimal{i, 2}, {}}).verdict, Verdict::kAccepted);
    }
  }
  void rebuild() {
    auto tables = backend_->open("wallet_0", false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE(clear_wallet_tables(**connection));
    ASSERT_DONE((*connection)->execute("UPDATE projection_checkpoint SET record = 0"));
  }
  std::vector<std::string> dump() { return dump_tables(backend_->target("wallet_0", false)); }

  TestClock clock_;
  std::unique_ptr<WalletServer> server_;
};

TEST_P(WalletContract, MovesMoneyAndRefusesWhatTheRulesForbid) {
  WalletServer& wallet = *server_;
  EXPECT_FALSE(wallet.read("ann").exists) << "reading creates nothing";
  EXPECT_EQ(text_of(wallet.withdraw("ann", "1")), "404 WalletNotFoundError: Wallet ann not found");
  WalletOutcome first = wallet.deposit("ann", "151");
  EXPECT_EQ(text_of(first), "accepted");
  EXPECT_TRUE(first.answer.exists);
  EXPECT_EQ(first.answer.wallet.state.balance, usd("151"));
  EXPECT_EQ(text_of(wallet.withdraw("ann", "100000")),
            "422 InsufficientFundsError: Insufficient funds: balance=151.00, requested=100000.00");
  EXPECT_EQ(text_of(wallet.transfer("ann", "ann", "1")),
            "400 SameWalletError: Cannot transfer to the same wallet");
  WalletOutcome sent = wallet.transfer("ann", "bob", "30.5");
  EXPECT_EQ(text_of(sent), "accepted");
  EXPECT_EQ(wallet.balance("ann"), usd("120.5"));
  EXPECT_EQ(wallet.balance("bob"), usd("30.5"));
  auto view = wallet.transfer_of(sent.answer.saga);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->state, "COMPLETED");
  EXPECT_EQ(view->from + " to " + view->to, "ann to bob");
  EXPECT_EQ(view->amount, usd("30.5"));
  EXPECT_FALSE(view->across_shards);
  EXPECT_FALSE(wallet.transfer_of(SagaId{uuid(9)}));
  wallet.stop_and_verify();
}

TEST_P(WalletContract, HoldsArePlacedCapturedAndVoided) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  wallet.deposit("bob", "100");
  WalletOutcome first = hold("ann", "60");
  ASSERT_FALSE(first.answer.hold_id.none());
  EXPECT_EQ(wallet.available("ann"), usd("40"));
  EXPECT_EQ(text_of(hold("ann", "41")),
            "422 InsufficientFundsError: Insufficient funds: balance=40.00, requested=41.00");
  WalletOutcome second = hold("ann", "5");
  WalletOutcome third = hold("ann", "6");
  EXPECT_EQ(text_of(wallet.run("bob", VoidHold{first.answer.hold_id}), "bob").substr(0, 3), "404");
  WalletOutcome part = wallet.run("ann", CaptureHold{first.answer.hold_id, dec("20")});
  EXPECT_EQ(text_of(part), "accepted");
  EXPECT_EQ(part.answer.hold.captured, usd("20"));
  EXPECT_EQ(text_of(wallet.run("ann", CaptureHold{first.answer.hold_id, {}})).substr(0, 3), "409");
  EXPECT_EQ(text_of(wallet.run("ann", VoidHold{second.answer.hold_id})), "accepted");
  EXPECT_EQ(wallet.balance("ann"), usd("80"));
  EXPECT_EQ(wallet.available("ann"), usd("74"));
  WalletOutcome asked = wallet.run("ann", ReadHold{third.answer.hold_id});
  EXPECT_EQ(asked.answer.hold_id, third.answer.hold_id);
  EXPECT_EQ(asked.answer.hold.amount, usd("6"));
  EXPECT_TRUE(wallet.run("bob", ReadHold{third.answer.hold_id}).answer.hold_id.none()) << "it is not bob's";
  wallet.stop_and_verify();
}

TEST_P(WalletContract, HoldsAreListedNewestFirstByStateAndPage) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  std::vector<HoldId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(hold("ann", "1").answer.hold_id);
  wallet.run("ann", VoidHold{ids[1]});
  wallet.run("ann", CaptureHold{ids[4], {}});
  auto listed = [&](HoldFilter filter) {
    std::vector<size_t> places;
    for (const StoredHold& stored : wallet.holds("ann", filter)) {
      places.push_back(static_cast<size_t>(std::find(ids.begin(), ids.end(), stored.id) - ids.begin()));
    }
    return places;
  };
  using Places = std::vector<size_t>;
  EXPECT_EQ(listed({}), Places({5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(listed({"HELD", 100, 0}), Places({5, 3, 2, 0}));
  EXPECT_EQ(listed({"VOIDED", 100, 0}), Places({1}));
  EXPECT_EQ(listed({"CAPTURED", 100, 0}), Places({4}));
  EXPECT_EQ(listed({"EXPIRED", 100, 0}), Places());
  EXPECT_EQ(listed({"", 2, 3}), Places({2, 1}));
  EXPECT_TRUE(wallet.holds("nobody").empty());
}

TEST_P(WalletContract, AHoldPastItsTimeIsFreedOnce) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  HoldId short_one = hold("ann", "60", clock_.now() + Duration::seconds(60)).answer.hold_id;
  HoldId long_one = hold("ann", "10", clock_.now() + Duration::seconds(600)).answer.hold_id;
  EXPECT_EQ(wallet.expire_holds(), 0u);
  clock_.jump(Duration::seconds(61));
  wallet.wait_for_tables({"ann"});
  EXPECT_EQ(wallet.expire_holds(), 1u);
  wallet.wait_for_tables({"ann"});
  EXPECT_EQ(wallet.expire_holds(), 0u);
  EXPECT_EQ(wallet.available("ann"), usd("90"));
  EXPECT_EQ(text_of(wallet.history("ann", 1).events.front()), "HOLD_VOIDED 6000");
  auto expired = wallet.holds("ann", {"EXPIRED", 10, 0});
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].id, short_one);
  EXPECT_EQ(expired[0].reason, "expired");
  EXPECT_EQ(wallet.run("ann", ReadHold{long_one}).answer.hold.state, HoldState::kHeld);
  wallet.stop_and_verify();
}

// The tables say that the hold is due; it has ended meanwhile.
TEST_P(WalletContract, ExpiringCountsWhatItHasEnded) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  HoldId ended = hold("ann", "60", clock_.now() + Duration::seconds(60)).answer.hold_id;
  hold("ann", "10", clock_.now() + Duration::seconds(60));
  wallet.wait_for_tables({"ann"});
  clock_.jump(Duration::seconds(61));
  {
    ArmedFault stuck("projection.write.before", [] { return Status(fail(Errc::kIo, "no tables")); });
    EXPECT_EQ(text_of(wallet.run("ann", VoidHold{ended})).substr(0, 3), "409");
    EXPECT_EQ(wallet.expire_holds(), 1u);
    EXPECT_EQ(wallet.expire_holds(), 0u);
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    wallet.deposit("ann", "1");
    EXPECT_EQ(wallet.expire_holds(), 0u);
  }
  EXPECT_EQ(wallet.available("ann"), usd("100"));
}

TEST_P(WalletContract, WhoComesTooLateForAHoldIsRefusedAndFreesIt) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  HoldId captured = hold("ann", "60", clock_.now() + Duration::seconds(60)).answer.hold_id;
  HoldId voided = hold("ann", "30", clock_.now() + Duration::seconds(60)).answer.hold_id;
  clock_.jump(Duration::seconds(61));
  EXPECT_EQ(text_of(wallet.run("ann", CaptureHold{captured, {}})).substr(0, 3), "409");
  EXPECT_EQ(wallet.available("ann"), usd("70"));
  EXPECT_EQ(text_of(wallet.run("ann", VoidHold{voided})).substr(0, 3), "409");
  EXPECT_EQ(wallet.available("ann"), usd("100"));
  EXPECT_EQ(wallet.run("ann", ReadHold{captured}).answer.hold.state, HoldState::kExpired);
  wallet.wait_for_tables({"ann"});
  EXPECT_EQ(wallet.expire_holds(), 0u) << "it has happened already";
  wallet.stop_and_verify();
}

TEST_P(WalletContract, FrozenClosedAndLimitedWalletsRefuse) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "500");
  EXPECT_EQ(text_of(wallet.run("ann", FreezeWallet{"why"})), "accepted");
  EXPECT_EQ(text_of(wallet.withdraw("ann", "1")), std::string(kFrozen));
  EXPECT_EQ(text_of(wallet.deposit("ann", "1")), std::string(kFrozen));
  EXPECT_EQ(text_of(wallet.run("ann", UnfreezeWallet{""})), "accepted");
  EXPECT_EQ(text_of(wallet.run("ann", SetDailyLimit{dec("100"), "rule"})), "accepted");
  EXPECT_EQ(text_of(wallet.withdraw("ann", "60")), "accepted");
  EXPECT_EQ(
      text_of(wallet.withdraw("ann", "60")),
      "422 WithdrawalLimitExceededError: Withdrawal limit exceeded: requested=60.00, daily limit=100.00");
  clock_.jump(kOneDay);
  EXPECT_EQ(text_of(wallet.withdraw("ann", "60")), "accepted") << "the next day";
  EXPECT_EQ(text_of(wallet.run("ann", SetDailyLimit{{}, ""})), "accepted");
  EXPECT_EQ(text_of(wallet.run("ann", CloseWallet{""})).substr(0, 3), "409");
  EXPECT_EQ(text_of(wallet.withdraw("ann", "380")), "accepted");
  EXPECT_EQ(text_of(wallet.run("ann", CloseWallet{""})), "accepted");
  EXPECT_EQ(text_of(wallet.deposit("ann", "1")), std::string(kClosed));
  wallet.stop_and_verify();
}

TEST_P(WalletContract, AHistoryIsReadFromEveryOffset) {
  WalletServer& wallet = *server_;
  constexpr int kEvents = 210;  // three marks
  make_history("ann", kEvents);
  wallet.deposit("bob", "1");
  std::vector<StoredEvent> all = wallet.history("ann", 1000).events;
  ASSERT_EQ(all.size(), static_cast<size_t>(kEvents));
  EXPECT_EQ(text_of(all.front()), "FUNDS_DEPOSITED 209");
  EXPECT_EQ(text_of(all.back()), "WALLET_CREATED");
  for (size_t i = 1; i < all.size(); ++i) ASSERT_EQ(all[i].seq + 1, all[i - 1].seq);
  for (int offset = 0; offset < kEvents; ++offset) {
    HistoryPage page = wallet.history("ann", 3, offset);
    size_t expected = std::min<size_t>(3, static_cast<size_t>(kEvents - offset));
    ASSERT_EQ(page.events.size(), expected) << offset;
    for (size_t i = 0; i < expected; ++i)
      ASSERT_EQ(page.events[i].position, all[static_cast<size_t>(offset) + i].position) << offset;
    ASSERT_EQ(page.next == 0, offset + 3 >= kEvents) << offset;
  }
  EXPECT_TRUE(wallet.history("ann", 3, kEvents).events.empty());
  EXPECT_TRUE(wallet.history("ann", 3, kEvents + 1000).events.empty());
  EXPECT_TRUE(wallet.history("nobody", 3).events.empty());
}

TEST_P(WalletContract, AHistoryIsReadByCursorAndGrowsMeanwhile) {
  WalletServer& wallet = *server_;
  make_history("ann", 100);
  wallet.deposit("bob", "1");
  std::vector<uint64_t> seen;
  Position from = 0;
  do {
    HistoryPage page = wallet.history("ann", 7, 0, from);
    for (const StoredEvent& event : page.events) seen.push_back(event.seq);
    from = page.next;
    wallet.deposit("ann", "1");
  } while (from != 0);
  ASSERT_EQ(seen.size(), 100u) << "what came later is not on later pages";
  for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], 100 - i);
  Position of_bob = wallet.history("bob", 1).events.front().position;
  EXPECT_TRUE(wallet.history("ann", 7, 0, of_bob).events.empty()) << "another wallet's cursor leads nowhere";
}

TEST_P(WalletContract, TheBalanceOfEveryMomentCanBeAsked) {
  WalletServer& wallet = *server_;
  make_history("ann", 200);
  std::vector<StoredEvent> all = wallet.history("ann", 1000).events;
  ASSERT_EQ(all.size(), 200u);
  for (size_t i = 0; i < all.size(); ++i) {
    auto then = wallet.at("ann", all[i].at);
    ASSERT_TRUE(then);
    // The first deposit makes the wallet at the same moment.
    size_t newest = i == all.size() - 1 ? i - 1 : i;
    ASSERT_EQ(then->position, all[newest].position) << i;
    auto before = wallet.at("ann", all[i].at - Duration{1});
    if (i + 2 < all.size()) {
      ASSERT_TRUE(before);
      ASSERT_EQ(before->position, all[i + 1].position) << i;
    }
  }
  EXPECT_FALSE(wallet.at("ann", all.back().at - Duration{1}));
  EXPECT_EQ(wallet.at("ann", clock_.now() + kOneDay)->position, all.front().position);
  EXPECT_FALSE(wallet.at("nobody", clock_.now()));
}

TEST_P(WalletContract, EveryAnswerIsRepeatedAsItWasEvenAfterARestart) {
  WalletServer* wallet = server_.get();
  wallet->deposit("ann", "1000");
  wallet->deposit("zoe", "1");
  wallet->withdraw("zoe", "1");
  HoldId to_capture = hold("ann", "10").answer.hold_id;
  HoldId to_void = hold("ann", "11").answer.hold_id;
  HoldId to_expire = hold("ann", "12", clock_.now() + Duration::seconds(1)).answer.hold_id;
  SagaId reserved = wallet->run("ann", ReserveTransfer{"ann", "bob", dec("13")}).answer.saga;
  SagaId refused = wallet->run("ann", ReserveTransfer{"ann", "bob", dec("14")}).answer.saga;
  clock_.jump(Duration::seconds(2));
  const std::vector<std::pair<std::string_view, Command>> commands = {
      {"ann", Deposit{"ann", dec("5"), {}}},
      {"new", Deposit{"new", dec("5"), Currency::kJpy}},
      {"ann", Withdraw{dec("3")}},
      {"ann", Transfer{"ann", "bob", dec("2")}},
      {"ann", ReserveTransfer{"ann", "far", dec("7")}},
      {"far", CreditTransfer{SagaId{uuid(3)}, "ann", "far", {700, Currency::kUsd}}},
      {"ann", SettleTransfer{reserved, "bob"}},
      {"ann", CompensateTransfer{refused, "bob", "why"}},
      {"ann", PlaceHold{dec("9"), clock_.now() + kOneDay}},
      {"ann", PlaceHold{dec("9"), {}}},
      {"ann", CaptureHold{to_capture, dec("4")}},
      {"ann", VoidHold{to_void}},
      {"ann", ExpireHold{to_expire}},
      {"ann", FreezeWallet{""}},
      {"ann", UnfreezeWallet{""}},
      {"ann", SetDailyLimit{dec("10000"), ""}},
      {"ann", SetCreditLimit{dec("50"), ""}},
      {"zoe", CloseWallet{""}}};
  std::vector<WalletOutcome> firsts;
  for (size_t i = 0; i < commands.size(); ++i) {
    firsts.push_back(wallet->run(commands[i].first, commands[i].second, "key" + std::to_string(i), i));
    ASSERT_EQ(text_of(firsts.back()), "accepted") << i;
  }
  for (bool restarted : {false, true}) {
    if (restarted) open();
    for (size_t i = 0; i < commands.size(); ++i) {
      WalletOutcome again = server_->run(commands[i].first, commands[i].second, "key" + std::to_string(i), i);
      ASSERT_EQ(text_of(again), "replayed") << i;
      const Answer& was = firsts[i].answer;
      const Answer& is = again.answer;
      EXPECT_EQ(is.exists, was.exists) << i;
      EXPECT_EQ(is.wallet.state.balance, was.wallet.state.balance) << i;
      EXPECT_EQ(is.wallet.state.held, was.wallet.state.held) << i;
      EXPECT_EQ(is.wallet.state.currency, was.wallet.state.currency) << i;
      EXPECT_EQ(is.wallet.state.status, was.wallet.state.status) << i;
      EXPECT_EQ(is.wallet.state.daily_limit, was.wallet.state.daily_limit) << i;
      EXPECT_EQ(is.wallet.state.credit_limit, was.wallet.state.credit_limit) << i;
      EXPECT_EQ(is.saga, was.saga) << i;
      EXPECT_EQ(is.hold_id, was.hold_id) << i;
      EXPECT_EQ(is.hold.amount, was.hold.amount) << i;
      EXPECT_EQ(is.hold.captured, was.hold.captured) << i;
      EXPECT_EQ(is.hold.state, was.hold.state) << i;
      EXPECT_EQ(is.hold.expires_at, was.hold.expires_at) << i;
      EXPECT_EQ(is.hold.created_at, was.hold.created_at) << i;
      EXPECT_EQ(server_->run(commands[i].first, commands[i].second, "key" + std::to_string(i), 99).verdict,
                Verdict::kKeyReused);
    }
  }
  server_->stop_and_verify();
}

TEST_P(WalletContract, ARefusedAtomicBatchLeavesNothingBehind) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  HoldId held = hold("ann", "10").answer.hold_id;
  wallet.wait_for_tables({"ann"});
  const Answer before = wallet.read("ann");
  std::vector<WalletRequest> requests = {
      {"ann", "r", "k0", 0, Deposit{"ann", dec("1"), {}}},
      {"new", "r", "k1", 0, Deposit{"new", dec("7"), {}}},
      {"ann", "r", "k2", 0, Transfer{"ann", "newer", dec("5")}},
      {"new", "r", "k3", 0, PlaceHold{dec("2"), {}}},
      {"ann", "r", "k4", 0, CaptureHold{held, dec("3")}},
      {"ann", "r", "k5", 0, FreezeWallet{""}},
      {"bad", "r", "k6", 0, Withdraw{dec("1")}},
  };
  auto refused = wallet.run_batch(requests, true);
  ASSERT_EQ(refused.size(), requests.size());
  for (size_t i = 0; i + 1 < refused.size(); ++i) EXPECT_EQ(text_of(refused[i]), "skipped") << i;
  EXPECT_EQ(text_of(refused.back(), "bad"), "404 WalletNotFoundError: Wallet bad not found");
  EXPECT_EQ(wallet.read("ann").wallet.state, before.wallet.state);
  EXPECT_EQ(wallet.read("ann").wallet.events, before.wallet.events);
  EXPECT_FALSE(wallet.read("new").exists);
  EXPECT_FALSE(wallet.read("newer").exists);
  EXPECT_EQ(wallet.run("ann", ReadHold{held}).answer.hold.state, HoldState::kHeld);

  requests.pop_back();
  auto accepted = wallet.run_batch(requests, true);
  for (const WalletOutcome& outcome : accepted)
    EXPECT_EQ(text_of(outcome), "accepted") << "keys were not used";
  EXPECT_EQ(wallet.balance("ann"), usd("93"));
  EXPECT_EQ(wallet.available("new"), usd("5"));
  for (const WalletOutcome& outcome : wallet.run_batch(requests, true))
    EXPECT_EQ(text_of(outcome), "replayed");
  wallet.stop_and_verify();
}

TEST_P(WalletContract, InABatchThatIsNotAtomicLaterOperationsSeeTheEarlierOnes) {
  WalletServer& wallet = *server_;
  auto outcomes = wallet.run_batch({{"ann", "r", "", 0, Withdraw{dec("1")}},
                                    {"ann", "r", "", 0, Deposit{"ann", dec("5"), {}}},
                                    {"ann", "r", "", 0, Withdraw{dec("2")}},
                                    {"ann", "r", "", 0, Withdraw{dec("4")}}},
                                   false);
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_EQ(text_of(outcomes[0]).substr(0, 3), "404");
  EXPECT_EQ(text_of(outcomes[1]), "accepted");
  EXPECT_EQ(outcomes[2].answer.wallet.state.balance, usd("3"));
  EXPECT_EQ(text_of(outcomes[3]).substr(0, 3), "422");
  EXPECT_EQ(wallet.balance("ann"), usd("3"));
}

TEST_P(WalletContract, ARestartKeepsEverything) {
  make_history("ann", 150);
  server_->transfer("ann", "bob", "1", "sent");
  HoldId held = hold("ann", "2").answer.hold_id;
  server_->run("bob", SetDailyLimit{dec("7"), ""});
  std::vector<std::string> rows;
  StoredWallet ann = server_->read("ann").wallet, bob = server_->read("bob").wallet;
  server_->stop();
  rows = dump();
  open();
  EXPECT_EQ(server_->read("ann").wallet.state, ann.state);
  EXPECT_EQ(server_->read("ann").wallet.head, ann.head);
  EXPECT_EQ(server_->read("bob").wallet.state, bob.state);
  EXPECT_EQ(text_of(server_->transfer("ann", "bob", "1", "sent")), "replayed");
  EXPECT_EQ(text_of(server_->run("ann", CaptureHold{held, dec("0.5")})), "accepted");
  server_->stop();
  EXPECT_NE(dump(), rows);
  open();
  EXPECT_EQ(server_->balance("ann"), ann.state.balance - usd("0.5"));
  server_->stop_and_verify();
}

TEST_P(WalletContract, RebuiltTablesAreEqual) {
  make_history("ann", 140);
  server_->transfer("ann", "bob", "1");
  server_->run("ann", CaptureHold{hold("ann", "2").answer.hold_id, dec("1")});
  hold("ann", "3", clock_.now() + kOneDay);
  server_->run("bob", FreezeWallet{"why"});
  server_->run("jp", Deposit{"jp", dec("500"), Currency::kJpy});
  server_->stop();
  std::vector<std::string> rows = dump();
  ASSERT_GT(rows.size(), 140u);
  rebuild();
  EXPECT_TRUE(dump().empty());
  open();
  server_->stop();
  EXPECT_EQ(dump(), rows);
  for (const VerifyReport& report : WalletServer::verify(server_->options()))
    EXPECT_EQ(report.violations, std::vector<std::string>());
}

TEST_P(WalletContract, MoreWalletsThanMemoryHoldsAreAllKept) {
  open([](WalletHostOptions& options) { options.wallets_in_memory = 16; });
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("wallet " + std::to_string(i));
  for (int round = 1; round <= 3; ++round) {
    for (const std::string& name : names)
      ASSERT_EQ(server_->deposit(name, "1").answer.wallet.state.balance, usd(std::to_string(round)));
    server_->wait_for_tables({names.front()});
  }
  for (size_t i = 1; i < names.size(); ++i)
    ASSERT_EQ(text_of(server_->transfer(names[i], names[i - 1], "1")), "accepted");
  EXPECT_EQ(server_->balance(names.front()), usd("4"));
  EXPECT_EQ(server_->balance(names[50]), usd("3"));
  EXPECT_EQ(server_->balance(names.back()), usd("2"));
  server_->stop_and_verify();
}

TEST_P(WalletContract, MoneyIsConservedWhateverTheConcurrency) {
  constexpr int kWallets = 5, kClients = 4, kEach = 60;
  std::vector<std::string> names;
  for (int i = 0; i < kWallets; ++i) {
    names.push_back("w" + std::to_string(i));
    server_->deposit(names.back(), "2");
  }
  std::atomic<int> accepted{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      SeededRandom random(static_cast<uint64_t>(c));
      for (int i = 0; i < kEach; ++i) {
        const std::string& from = names[random.below(kWallets)];
        const std::string& to = names[random.below(kWallets)];
        std::string key = std::to_string(random.below(100));  // some come twice, from anybody
        WalletOutcome outcome = server_->transfer(from, to, "1.5", from + to + key);
        accepted += outcome.verdict == Verdict::kAccepted;
        EXPECT_NE(outcome.verdict, Verdict::kUnavailable);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  int64_t total = 0;
  for (const std::string& name : names) {
    EXPECT_GE(server_->balance(name), 0);
    total += server_->balance(name);
  }
  EXPECT_EQ(total, usd("10"));
  EXPECT_GT(accepted, 0);
  server_->stop_and_verify();
}

TEST_P(WalletContract, AFailedCommitTakesEverythingBack) {
  WalletServer& wallet = *server_;
  wallet.deposit("ann", "100");
  HoldId held = hold("ann", "10").answer.hold_id;
  {
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    auto lost = wallet.run_batch({{"ann", "r", "a", 0, Withdraw{dec("1")}},
                                  {"new", "r", "b", 0, Deposit{"new", dec("5"), {}}},
                                  {"ann", "r", "c", 0, VoidHold{held}}},
                                 false);
    for (const WalletOutcome& outcome : lost) EXPECT_EQ(text_of(outcome), "unavailable");
    EXPECT_EQ(wallet.balance("ann"), usd("100")) << "reading goes on";
    EXPECT_EQ(wallet.available("ann"), usd("90"));
    EXPECT_FALSE(wallet.read("new").exists);
  }
  WalletOutcome again;
  EXPECT_TRUE(eventually([&] {
    again = wallet.withdraw("ann", "1", "a");
    return again.verdict != Verdict::kUnavailable;
  }));
  EXPECT_EQ(text_of(again), "accepted");
  EXPECT_EQ(text_of(wallet.deposit("new", "5", "b")), "accepted");
  EXPECT_EQ(wallet.balance("ann"), usd("99"));
  wallet.stop_and_verify();
}

}  // namespace ducat::wallet::testing
