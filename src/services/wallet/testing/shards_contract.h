// Transfers between three shards, on either database: the saga's happy end, its way back, and what a crash
// left at each of its steps. A crash after a step is made by carrying out the steps before it alone.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/fault_point.h"
#include "services/wallet/testing/wallet_server.h"

namespace ducat::wallet::testing {

class ShardsContract : public OnBackend {
 protected:
  static constexpr size_t kShards = 3;

  void SetUp() override {
    OnBackend::SetUp();
    if (backend_ == nullptr) return;
    open();
    from_ = server_->names_in(0, 1)[0];
    to_ = server_->names_in(1, 1)[0];
    ASSERT_EQ(text_of(server_->deposit(from_, "100")), "accepted");
  }
  void open(const Tweak& tweak = {}) {
    server_.reset();
    server_ = std::make_unique<WalletServer>(*backend_, clock_, kShards, tweak);
    ASSERT_DONE(server_->started());
  }
  WalletOutcome transfer(std::string_view amount, std::string key = {}, uint64_t fingerprint = 0) {
    return server_->transfer(from_, to_, amount, std::move(key), fingerprint);
  }
  // The first step, and no more.
  SagaId reserve(std::string_view amount, std::string key = {}) {
    WalletOutcome reserved = server_->run(from_, ReserveTransfer{from_, to_, dec(amount)}, std::move(key));
    EXPECT_EQ(text_of(reserved), "accepted");
    return reserved.answer.saga;
  }
  // The second step, and no more: as the service does it.
  void credit(SagaId saga, std::string_view amount) {
    std::string key =
        "saga\x1f"
        "credit\x1f" +
        saga.uuid.to_string();
    CreditTransfer command{saga, from_, to_, {usd(amount), Currency::kUsd}};
    EXPECT_EQ(text_of(server_->run(to_, command, key)), "accepted");
  }
  size_t finish_after(Duration age) {
    clock_.jump(age);
    server_->wait_for_tables({from_, to_});
    return server_->finish_transfers(0);
  }
  std::string state_of(SagaId saga) {
    auto view = server_->transfer_of(saga);
    return view ? view->state : "unknown";
  }
  void expect_balances(std::string_view sender, std::string_view receiver) {
    EXPECT_EQ(server_->balance(from_), usd(sender));
    EXPECT_EQ(server_->available(from_), usd(sender)) << "nothing is held any more";
    EXPECT_EQ(server_->balance(to_), usd(receiver));
  }
  // Stops; every shard is sound, and what left one has arrived in another.
  void stop_and_verify() {
    server_->stop_and_verify();
    int64_t in_transit = 0;
    for (size_t i = 0; i < kShards; ++i) {
      auto tables = backend_->open("wallet_" + std::to_string(i), false);
      auto connection = tables->connect(storage::Access::kReader);
      ASSERT_DONE(connection);
      in_transit +=
          number(**connection,
                 "SELECT CAST(coalesce(sum(balance), 0) AS bigint) FROM wallet_accounts WHERE kind = $1",
                 {static_cast<int64_t>(AccountKind::kTransit)});
    }
    EXPECT_EQ(in_transit, 0);
  }

  TestClock clock_;
  std::unique_ptr<WalletServer> server_;
  std::string from_, to_;
};

TEST_P(ShardsContract, ATransferArrives) {
  WalletOutcome sent = transfer("30");
  EXPECT_EQ(text_of(sent), "accepted");
  expect_balances("70", "30");
  auto view = server_->transfer_of(sent.answer.saga);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->state, "COMPLETED");
  EXPECT_TRUE(view->across_shards);
  EXPECT_EQ(view->from, from_);
  EXPECT_EQ(view->to, to_);
  EXPECT_EQ(view->amount, usd("30"));
  EXPECT_EQ(text_of(server_->history(to_, 1).events[0]), "FUNDS_DEPOSITED 3000");
  EXPECT_EQ(text_of(server_->history(from_, 1).events[0]), "FUNDS_WITHDRAWN 3000");
  EXPECT_TRUE(server_->holds(from_).empty()) << "a reservation is no hold of the caller's";
  stop_and_verify();
}

TEST_P(ShardsContract, TheSenderRefusesBeforeAnythingHappens) {
  EXPECT_EQ(text_of(transfer("100.01")),
            "422 InsufficientFundsError: Insufficient funds: balance=100.00, requested=100.01");
  EXPECT_EQ(text_of(server_->transfer(to_, from_, "1"), to_).substr(0, 3), "404");
  EXPECT_EQ(server_->history(from_, 10).events.size(), 2u);
}

TEST_P(ShardsContract, AKeyHasOneEffect) {
  WalletOutcome first = transfer("30", "k", 7);
  EXPECT_EQ(text_of(first), "accepted");
  for (int i = 0; i < 2; ++i) {
    WalletOutcome again = transfer("30", "k", 7);
    EXPECT_EQ(text_of(again), "replayed");
    EXPECT_EQ(again.answer.saga, first.answer.saga);
  }
  EXPECT_EQ(text_of(transfer("31", "k", 8)), "key reused");
  expect_balances("70", "30");
  open();
  EXPECT_EQ(text_of(transfer("30", "k", 7)), "replayed");
  stop_and_verify();
}

TEST_P(ShardsContract, ARefusalOfTheReceiverGivesTheMoneyBackAndARetryIsJudgedAnew) {
  server_->deposit(to_, "1");
  server_->run(to_, FreezeWallet{""});
  server_->run(from_, SetDailyLimit{dec("50"), ""});
  EXPECT_EQ(text_of(transfer("30", "k")), std::string(kFrozen));
  expect_balances("100", "1");
  EXPECT_EQ(text_of(server_->history(from_, 1).events[0]), "TRANSFER_COMPENSATED 3000");
  EXPECT_EQ(text_of(transfer("30", "k")), std::string(kFrozen))
      << "compensated ones do not count on the limit";
  expect_balances("100", "1");

  server_->run(to_, UnfreezeWallet{""});
  WalletOutcome third = transfer("30", "k");
  EXPECT_EQ(text_of(third), "accepted");
  WalletOutcome fourth = transfer("30", "k");
  EXPECT_EQ(text_of(fourth), "replayed");
  EXPECT_EQ(fourth.answer.saga, third.answer.saga);
  expect_balances("70", "31");
  stop_and_verify();
}

TEST_P(ShardsContract, ARetryAfterManyRefusalsAsksForNoMoreThanTheFirstOne) {
  server_->deposit(to_, "1");
  server_->run(to_, FreezeWallet{""});
  auto asked_by_a_try = [&] {
    uint64_t before = server_->host().stats()[0].operations;
    EXPECT_EQ(text_of(transfer("30", "k")), std::string(kFrozen));
    return server_->host().stats()[0].operations - before;
  };
  asked_by_a_try();
  const uint64_t first_retry = asked_by_a_try();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(asked_by_a_try(), first_retry) << "retry " << i + 2;
  expect_balances("100", "1");
  stop_and_verify();
}

// All find that the first try was compensated; one of them gives its key back.
TEST_P(ShardsContract, ManyRetriesAtOnceOfARefusedTransferHaveOneEffect) {
  server_->deposit(to_, "1");
  server_->run(to_, FreezeWallet{""});
  for (int round = 0; round < 5; ++round) {
    std::string key = "k" + std::to_string(round);
    EXPECT_EQ(text_of(transfer("10", key)), std::string(kFrozen));
    server_->run(to_, UnfreezeWallet{""});
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] { EXPECT_NE(transfer("10", key).verdict, Verdict::kRefused); });
    }
    for (std::thread& caller : callers) caller.join();
    server_->run(to_, FreezeWallet{""});
  }
  expect_balances("50", "51");
  stop_and_verify();
}

TEST_P(ShardsContract, ACompensatedTransferSaysWhy) {
  server_->deposit(to_, "1");
  server_->run(to_, FreezeWallet{""});
  SagaId saga = reserve("30");
  EXPECT_EQ(state_of(saga), "DEBITED");
  EXPECT_EQ(finish_after(Duration::seconds(61)), 1u);
  auto view = server_->transfer_of(saga);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->state, "COMPENSATED");
  EXPECT_EQ(view->reason, "WalletNotActiveError");
  expect_balances("100", "1");
  stop_and_verify();
}

TEST_P(ShardsContract, ACrashAfterTheReservationIsFinishedOnce) {
  SagaId saga = reserve("30");
  EXPECT_EQ(server_->available(from_), usd("70"));
  server_->wait_for_tables({from_});
  EXPECT_EQ(server_->finish_transfers(0), 0u) << "somebody may still be at it";
  open();
  EXPECT_EQ(finish_after(Duration::seconds(61)), 1u);
  EXPECT_EQ(state_of(saga), "COMPLETED");
  EXPECT_EQ(finish_after(Duration::seconds(61)), 0u);
  expect_balances("70", "30");
  stop_and_verify();
}

TEST_P(ShardsContract, ACrashAfterTheCreditIsFinishedWithoutASecondOne) {
  SagaId saga = reserve("30");
  credit(saga, "30");
  open();
  EXPECT_EQ(finish_after(Duration::seconds(61)), 1u);
  EXPECT_EQ(state_of(saga), "COMPLETED");
  expect_balances("70", "30");
  EXPECT_EQ(finish_after(Duration::seconds(61)), 0u);
  stop_and_verify();
}

// The receiver has the money: that it is frozen by now must not give the sender's back.
TEST_P(ShardsContract, ACreditThatHappenedStandsWhateverHasBecomeOfTheReceiver) {
  SagaId saga = reserve("30");
  credit(saga, "30");
  server_->run(to_, FreezeWallet{""});
  EXPECT_EQ(finish_after(Duration::seconds(61)), 1u);
  EXPECT_EQ(state_of(saga), "COMPLETED");
  expect_balances("70", "30");
  stop_and_verify();
}

TEST_P(ShardsContract, TheCallersRetryFinishesWhatACrashLeft) {
  SagaId saga = reserve("30", "k");
  credit(saga, "30");
  open();
  WalletOutcome retried = transfer("30", "k");
  EXPECT_EQ(text_of(retried), "replayed");
  EXPECT_EQ(retried.answer.saga, saga);
  expect_balances("70", "30");
  stop_and_verify();
}

TEST_P(ShardsContract, OneKeyFromManyCallersAtOnceHasOneEffect) {
  constexpr int kCallers = 8;
  std::mutex mutex;
  std::set<SagaId> sagas;
  int accepted = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      WalletOutcome outcome = transfer("30", "k");
      std::lock_guard lock(mutex);
      EXPECT_TRUE(outcome.verdict == Verdict::kAccepted || outcome.verdict == Verdict::kReplayed);
      sagas.insert(outcome.answer.saga);
      accepted += outcome.verdict == Verdict::kAccepted;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sagas.size(), 1u);
  EXPECT_LE(accepted, 1);
  expect_balances("70", "30");
  stop_and_verify();
}

// So old that the credit's key is forgotten: only the receiver's history knows.
TEST_P(ShardsContract, AnOldSagaIsLookedUpInTheReceiversHistory) {
  Tweak short_lived = [](WalletHostOptions& options) {
    options.engine.key_life = Duration::seconds(3600);
    options.service.quarter_of_key_life = Duration::seconds(900);
  };
  open(short_lived);
  SagaId credited = reserve("30");
  credit(credited, "30");
  SagaId open_one = reserve("5");
  for (int i = 0; i < 5; ++i) server_->deposit(to_, "1");
  clock_.jump(Duration::seconds(7200));
  for (int i = 0; i < 600; ++i) ASSERT_EQ(server_->deposit(to_, "0.01").verdict, Verdict::kAccepted);
  EXPECT_EQ(finish_after(Duration::seconds(1)), 2u);
  EXPECT_EQ(state_of(credited), "COMPLETED");
  EXPECT_EQ(state_of(open_one), "COMPLETED");
  expect_balances("65", "46");
  stop_and_verify();
}

TEST_P(ShardsContract, FinishingAndCallersDoNotGetInEachOthersWay) {
  // Every transfer counts as stuck at once, so that both reach for the same sagas.
  open([](WalletHostOptions& options) { options.service.saga_stuck_after = Duration{0}; });
  std::atomic<bool> stop{false};
  std::thread finisher([&] {
    while (!stop) {
      for (size_t shard = 0; shard < kShards; ++shard) server_->finish_transfers(shard);
    }
  });
  std::vector<std::string> names;
  for (size_t shard = 0; shard < kShards; ++shard) {
    for (std::string& name : server_->names_in(shard, 2)) names.push_back(std::move(name));
  }
  for (const std::string& name : names) server_->deposit(name, "10");
  const int64_t before = server_->balance(from_);
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&, c] {
      SeededRandom random(static_cast<uint64_t>(c));
      for (int i = 0; i < 30; ++i) {
        const std::string& a = names[random.below(names.size())];
        const std::string& b = names[random.below(names.size())];
        WalletOutcome outcome = server_->transfer(a, b, "1", std::to_string(c) + "-" + std::to_string(i));
        EXPECT_NE(outcome.verdict, Verdict::kUnavailable);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  stop = true;
  finisher.join();
  int64_t total = 0;
  for (const std::string& name : names) {
    total += server_->balance(name);
    EXPECT_EQ(server_->balance(name), server_->available(name)) << name;
  }
  EXPECT_EQ(total, before + usd("50")) << "from_ is one of them";
  stop_and_verify();
}

TEST_P(ShardsContract, AReceiverThatCannotWriteLeavesTheTransferToALaterTry) {
  std::atomic<int> appends{0};
  WalletOutcome outcome;
  {
    // The reservation is written, what comes after is not.
    ArmedFault full("journal.append.before", [&] {
      return appends.fetch_add(1) == 0 ? Status() : Status(fail(Errc::kFull, "disk full"));
    });
    outcome = transfer("30", "k");
  }
  EXPECT_EQ(text_of(outcome), "unavailable");
  EXPECT_EQ(server_->available(from_), usd("70"));
  EXPECT_TRUE(eventually([&] {
    outcome = transfer("30", "k");
    return outcome.verdict != Verdict::kUnavailable;
  }));
  EXPECT_EQ(text_of(outcome), "replayed");
  expect_balances("70", "30");
  stop_and_verify();
}

TEST_P(ShardsContract, ABatchMayCrossShardsUnlessItIsAtomic) {
  std::vector<WalletRequest> requests = {{from_, "r", "", 0, Withdraw{dec("10")}},
                                         {from_, "r", "", 0, Transfer{from_, to_, dec("20")}},
                                         {to_, "r", "", 0, Withdraw{dec("5")}},
                                         {from_, "r", "", 0, Withdraw{dec("70.01")}},
                                         {from_, "r", "", 0, Withdraw{dec("70")}}};
  EXPECT_TRUE(server_->run_batch(requests, true).empty());
  expect_balances("100", "0");
  auto outcomes = server_->run_batch(requests, false);
  ASSERT_EQ(outcomes.size(), 5u);
  EXPECT_EQ(text_of(outcomes[2]), "accepted") << "it sees what the transfer brought";
  EXPECT_EQ(text_of(outcomes[3]).substr(0, 3), "422");
  expect_balances("0", "15");
  stop_and_verify();
}

TEST_P(ShardsContract, TheNumberOfShardsCannotChange) {
  server_->stop();
  WalletServer two(*backend_, clock_, 2);
  ASSERT_FALSE(two.started());
  EXPECT_EQ(two.started().error().code, Errc::kInvalid);
  two.stop();
  open();
  EXPECT_EQ(server_->balance(from_), usd("100"));
}

TEST_P(ShardsContract, TheNumberOfShardsCannotChangeEvenWhereTheTablesAreMadeAgain) {
  for (int i = 0; i < 20; ++i) server_->deposit("wallet " + std::to_string(i), "1");
  server_->stop();
  for (size_t i = 0; i < kShards; ++i) {
    auto tables = backend_->open("wallet_" + std::to_string(i), false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE(clear_wallet_tables(**connection));
    ASSERT_DONE((*connection)->execute("DELETE FROM wallet_facts"));
    ASSERT_DONE((*connection)->execute("UPDATE projection_checkpoint SET record = 0, keys_record = 0"));
  }
  {
    WalletServer two(*backend_, clock_, 2);
    EXPECT_FAILS(two.started(), Errc::kInvalid);
  }
  open();
  EXPECT_EQ(server_->balance(from_), usd("100"));
  stop_and_verify();
}

}  // namespace ducat::wallet::testing
