// What the service does with many changes: keys, order, versions, lists, deletes. On either database.
#pragma once

#include <map>
#include <set>

#include "services/transactions/testing/promise_contract.h"

namespace ducat::transactions::testing {

class ChangesContract : public PromiseContract {
 protected:
  std::vector<int64_t> amounts(const ListFilter& filter, std::string_view user = "ann") {
    std::vector<int64_t> found;
    for (const TransactionRef& each : server_->list(user, filter).transactions) {
      found.push_back(each->amount.minor);
    }
    return found;
  }
};
using Amounts = std::vector<int64_t>;

TEST_P(ChangesContract, AKeyIsAnsweredWithTheFirstOnesTransaction) {
  TransactionServer& server = *server_;
  Pending first = server.create("ann", "1", "k", 5);
  server.confirm(server.next_create());
  TransactionRef made = first.get().transaction;
  ChangeOutcome again = server.create("ann", "1", "k", 5).get();
  EXPECT_EQ(again.result, ChangeResult::kReplayed);
  EXPECT_EQ(*again.transaction, *made);
  EXPECT_EQ(server.create("ann", "2", "k", 6).get().result, ChangeResult::kKeyReused);
  open();
  EXPECT_EQ(server_->create("ann", "1", "k", 5).get().result, ChangeResult::kReplayed);
  Pending others = server_->create("bob", "1", "k", 5);
  Sent create;
  do create = server_->next_create();
  while (create.data.find("\"bob\"") == std::string::npos);
  server_->confirm(create);
  EXPECT_EQ(others.get().result, ChangeResult::kDone) << "keys are a caller's own";
  EXPECT_EQ(server_->list("ann").total, 1);
  server_->stop_and_verify();
}

TEST_P(ChangesContract, ARequestWithTheKeyOfAnOpenOneWaitsForItsOutcome) {
  TransactionServer& server = *server_;
  Pending first = server.create("ann", "1", "k", 5);
  Sent create = server.next_create();
  Pending second = server.create("ann", "1", "k", 5);
  Pending third = server.create("ann", "1", "k", 5);
  ChangeOutcome reused = server.create("ann", "2", "k", 6).get();
  EXPECT_EQ(reused.result, ChangeResult::kRefused);
  EXPECT_EQ(reused.refusal.kind, RefusalKind::kKeyReused);
  EXPECT_FALSE(second.done());
  server.confirm(create);
  EXPECT_EQ(first.get().result, ChangeResult::kDone);
  EXPECT_EQ(second.get().result, ChangeResult::kReplayed);
  EXPECT_EQ(third.get().result, ChangeResult::kReplayed);
  EXPECT_FALSE(server.more_audit());
  EXPECT_EQ(server.list("ann").total, 1);
  server.stop_and_verify();
}

TEST_P(ChangesContract, ARolledBackChangeLeavesNoKey) {
  TransactionServer& server = *server_;
  Pending first = server.create("ann", "1", "k", 5);
  Sent create = server.next_create();
  Pending second = server.create("ann", "1", "k", 5);
  server.fail_audit(create);
  EXPECT_EQ(first.get().result, ChangeResult::kNotAudited);
  server.confirm(server.next_create());
  EXPECT_EQ(second.get().result, ChangeResult::kDone) << "the waiting one was judged anew";
  Pending other = server.create("ann", "1", "j", 5);
  server.fail_audit(server.next_create());
  EXPECT_EQ(other.get().result, ChangeResult::kNotAudited);
  Pending changed = server.create("ann", "2", "j", 6);
  server.confirm(server.next_create());
  EXPECT_EQ(changed.get().result, ChangeResult::kDone) << "even with another payload";
  EXPECT_EQ(server.list("ann").total, 2);
  server.stop_and_verify();
}

TEST_P(ChangesContract, WhoWaitsTooLongForAnOpenKeyIsToldSo) {
  open([](TransactionHostOptions& options) { options.service.audit_timeout = Duration::seconds(60); });
  TransactionServer& server = *server_;
  Pending first = server.create("ann", "1", "k", 5);
  Sent create = server.next_create();
  Pending second = server.create("ann", "1", "k", 5);
  ASSERT_TRUE(eventually([&] {
    clock_.jump(Duration::seconds(1));
    server.roll_back_late();
    return second.done();
  }));
  EXPECT_EQ(second.get().result, ChangeResult::kStillRunning);
  server.confirm(create);
  first.get();
}

TEST_P(ChangesContract, UpdatesOfOneTransactionApplyInOrderEachOnTheTrueOneBefore) {
  TransactionServer& server = *server_;
  TransactionRef made = server.created("ann", "1");
  std::vector<Pending> updates;
  for (int i = 2; i <= 9; ++i) {
    updates.push_back(
        server.change("ann", UpdateTransaction{.id = made->id, .amount = dec(std::to_string(i))}));
  }
  for (int i = 2; i <= 9; ++i) {
    Sent create = server.next_create();
    EXPECT_FALSE(server.more_audit()) << "one open proposal at a time";
    std::string before = R"("amount":)" + std::to_string(i - 1) + ",";
    std::string after = R"("amount":)" + std::to_string(i) + ",";
    size_t at = create.data.find(R"("before":)");
    ASSERT_NE(at, std::string::npos);
    EXPECT_LT(create.data.find(before, at), create.data.find(R"("after":)")) << create.data;
    EXPECT_NE(create.data.find(after, create.data.find(R"("after":)")), std::string::npos) << create.data;
    server.confirm(create);
  }
  for (size_t i = 0; i < updates.size(); ++i) EXPECT_EQ(updates[i].get().transaction->version, i + 2);
  EXPECT_EQ(server.get(made->id, "ann")->amount.minor, 900);
  server.stop_and_verify();
}

TEST_P(ChangesContract, TheLoserOfARaceWithAVersionIsTold) {
  TransactionServer& server = *server_;
  TransactionRef made = server.created("ann", "1");
  UpdateTransaction update{.id = made->id, .amount = dec("2"), .expected_version = 1};
  Pending winner = server.change("ann", update);
  Sent create = server.next_create();
  Pending loser = server.change("ann", update);
  EXPECT_FALSE(loser.done());
  server.confirm(create);
  EXPECT_EQ(winner.get().result, ChangeResult::kDone);
  ChangeOutcome lost = loser.get();
  EXPECT_EQ(lost.result, ChangeResult::kRefused);
  EXPECT_EQ(lost.refusal.kind, RefusalKind::kStaleVersion);
  EXPECT_EQ(lost.refusal.version, 2u);
  Pending third =
      server.change("ann", UpdateTransaction{.id = made->id, .amount = dec("3"), .expected_version = 2});
  create = server.next_create();
  Pending fourth =
      server.change("ann", UpdateTransaction{.id = made->id, .amount = dec("4"), .expected_version = 2});
  server.fail_audit(create);
  EXPECT_EQ(third.get().result, ChangeResult::kNotAudited);
  server.confirm(server.next_create());
  EXPECT_EQ(fourth.get().result, ChangeResult::kDone) << "the one before it never was";
  server.stop_and_verify();
}

TEST_P(ChangesContract, ATransactionThatACrashLeftOpenIsWaitedFor) {
  TransactionRef made = server_->created("ann", "1");
  Pending left = server_->change("ann", UpdateTransaction{.id = made->id, .amount = dec("2")});
  server_->next_create();
  open();
  EXPECT_EQ(left.get().result, ChangeResult::kUnavailable);
  Pending next = server_->change("ann", UpdateTransaction{.id = made->id, .amount = dec("3")});
  EXPECT_EQ(server_->change("bob", UpdateTransaction{.id = made->id, .amount = dec("3")}).get().refusal.kind,
            RefusalKind::kNotFound)
      << "a stranger does not notice";
  server_->next_create();  // the first one's
  server_->confirm(server_->next_create());
  Sent third = server_->next_create();
  server_->confirm(third);
  ChangeOutcome outcome = next.get();
  EXPECT_EQ(outcome.result, ChangeResult::kDone);
  EXPECT_EQ(outcome.transaction->version, 3u);
  server_->stop_and_verify();
}

TEST_P(ChangesContract, TooManyThatWaitForOneTransactionAreRefused) {
  open([](TransactionHostOptions& options) { options.service.waiting_changes = 2; });
  TransactionServer& server = *server_;
  TransactionRef made = server.created("ann", "1");
  std::vector<Pending> updates;
  for (int i = 0; i < 4; ++i) {
    updates.push_back(server.change("ann", UpdateTransaction{.id = made->id, .amount = dec("2")}));
  }
  EXPECT_EQ(updates[3].get().result, ChangeResult::kStillRunning);
  for (int i = 0; i < 3; ++i) server.confirm(server.next_create());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(updates[static_cast<size_t>(i)].get().result, ChangeResult::kDone);
  server.stop_and_verify();
}

TEST_P(ChangesContract, TooManyOpenChangesAreRefused) {
  open([](TransactionHostOptions& options) { options.open_changes = 2; });
  TransactionServer& server = *server_;
  Pending first = server.create("ann", "1");
  Pending second = server.create("ann", "1");
  Sent create = server.next_create();
  server.next_create();
  EXPECT_EQ(server.create("ann", "1").get().refusal.kind, RefusalKind::kTooManyOpen);
  server.confirm(create);
  server.stop();
}

TEST_P(ChangesContract, RefusalsAskNoAudit) {
  TransactionServer& server = *server_;
  TransactionRef made = server.created("ann", "1");
  auto refusal = [&](std::string user, Command command) {
    return server.change(std::move(user), std::move(command)).get().refusal.kind;
  };
  EXPECT_EQ(refusal("bob", UpdateTransaction{.id = made->id, .amount = dec("2")}), RefusalKind::kNotFound);
  EXPECT_EQ(refusal("ann", UpdateTransaction{.id = {uuid(5)}, .amount = dec("2")}), RefusalKind::kNotFound);
  EXPECT_EQ(refusal("bob", DeleteTransaction{made->id, {}}), RefusalKind::kNotFound);
  EXPECT_EQ(refusal("ann", RestoreTransaction{made->id}), RefusalKind::kNotDeleted);
  EXPECT_EQ(refusal("ann", UpdateTransaction{.id = made->id, .status = TransactionStatus::kRolledBack}),
            RefusalKind::kStatusMove);
  EXPECT_EQ(refusal("ann", CreateTransaction{dec("0.001"), Currency::kUsd, {}, {}}),
            RefusalKind::kAmountTooPrecise);
  EXPECT_FALSE(server.more_audit());
  server.stop_and_verify();
}

TEST_P(ChangesContract, HistoryTellsEveryVersionNewestFirst) {
  TransactionServer& server = *server_;
  TransactionRef made = server.created("ann", "1");
  server.done("ann", UpdateTransaction{.id = made->id, .status = TransactionStatus::kProcessing});
  TransactionRef gone = server.done("ann", DeleteTransaction{made->id, {}});
  EXPECT_FALSE(server.history(made->id, "ann")) << "gone from every read";
  TransactionRef back = server.done("ann", RestoreTransaction{made->id});
  auto versions = server.history(made->id, "ann");
  ASSERT_TRUE(versions);
  std::string told;
  for (const StoredVersion& version : *versions) {
    told += std::to_string(version.confirmed.after->version) + " " +
            std::string(action_of(version.confirmed.change)) + ", ";
    EXPECT_EQ(version.confirmed.audit_log_id, "log-of-" + version.confirmed.correlation.uuid.to_string());
    EXPECT_EQ(version.at, version.confirmed.after->updated_at);
  }
  EXPECT_EQ(told, "4 UPDATE, 3 DELETE, 2 UPDATE, 1 CREATE, ");
  EXPECT_EQ(server.history(made->id, "ann", 2, 1)->front().confirmed.after->version, 3u);
  EXPECT_FALSE(server.history(made->id, "bob"));
  EXPECT_EQ(server.at(made->id, "ann", made->created_at)->status, TransactionStatus::kPending);
  EXPECT_EQ(server.at(made->id, "ann", made->created_at - Duration{1}), nullptr) << "before it was";
  EXPECT_EQ(server.at(made->id, "ann", gone->updated_at - Duration{1})->status,
            TransactionStatus::kProcessing);
  EXPECT_EQ(server.at(made->id, "ann", gone->updated_at), nullptr) << "while it was deleted";
  EXPECT_EQ(server.at(made->id, "ann", back->updated_at + kDay)->version, 4u);
  EXPECT_EQ(server.at(made->id, "bob", back->updated_at), nullptr);
  server.stop_and_verify();
}

TEST_P(ChangesContract, ADeleteCanBeTakenBackUntilItIsPurged) {
  TransactionServer& server = *server_;
  TransactionRef kept = server.created("ann", "1");
  TransactionRef made = server.created("ann", "2");
  server.done("ann", DeleteTransaction{made->id, {}});
  clock_.jump({29 * kDay.micros});
  EXPECT_EQ(server.purge(), 0u);
  server.done("ann", RestoreTransaction{made->id});
  EXPECT_EQ(server.get(made->id, "ann")->version, 3u);
  server.done("ann", DeleteTransaction{made->id, {}});
  clock_.jump({31 * kDay.micros});
  EXPECT_EQ(server.change("ann", RestoreTransaction{made->id}).get().refusal.kind, RefusalKind::kNotFound);
  server.list("ann");  // the tables have it
  EXPECT_EQ(server.purge(), 1u);
  EXPECT_EQ(server.change("ann", RestoreTransaction{made->id}).get().refusal.kind, RefusalKind::kNotFound);
  open();
  EXPECT_EQ(server_->change("ann", RestoreTransaction{made->id}).get().refusal.kind, RefusalKind::kNotFound);
  EXPECT_EQ(server_->purge(), 0u);
  EXPECT_NE(server_->get(kept->id, "ann"), nullptr);
  VerifyReport report = server_->stop_and_verify();
  EXPECT_EQ(report.transactions, 1u);
}

TEST_P(ChangesContract, ListsFilterSortAndCountTheUsersOwn) {
  TransactionServer& server = *server_;
  Timestamp begin = clock_.now();
  for (const char* amount : {"5", "1", "3.5"}) server.created("ann", amount);
  TransactionRef yen = server.created("ann", "2", "JPY");
  Timestamp middle = clock_.now();
  TransactionRef last = server.created("ann", "4");
  server.created("bob", "9");
  TransactionRef gone = server.created("ann", "8");
  server.done("ann", DeleteTransaction{gone->id, {}});
  server.done("ann", UpdateTransaction{.id = yen->id, .status = TransactionStatus::kCompleted});
  EXPECT_EQ(amounts({}), Amounts({400, 2, 350, 100, 500})) << "newest first";
  EXPECT_EQ(amounts({.descending = false}), Amounts({500, 100, 350, 2, 400}));
  EXPECT_EQ(amounts({.sort_by = SortBy::kUpdatedAt}), Amounts({2, 400, 350, 100, 500}));
  EXPECT_EQ(amounts({.sort_by = SortBy::kAmount}), Amounts({500, 400, 350, 2, 100})) << "2 JPY is 2";
  EXPECT_EQ(amounts({.sort_by = SortBy::kAmount, .descending = false}), Amounts({100, 2, 350, 400, 500}));
  EXPECT_EQ(amounts({.status = TransactionStatus::kCompleted}), Amounts({2}));
  EXPECT_EQ(amounts({.currency = Currency::kUsd}), Amounts({400, 350, 100, 500}));
  EXPECT_EQ(amounts({.min_hundredths = 200, .max_hundredths = 400}), Amounts({400, 2, 350})) << "inclusive";
  EXPECT_EQ(amounts({.min_hundredths = 200, .max_hundredths = 400, .sort_by = SortBy::kAmount}),
            Amounts({400, 350, 2}));
  EXPECT_EQ(amounts({.from = middle}), Amounts({400}));
  EXPECT_EQ(amounts({.from = begin, .to = middle}), Amounts({2, 350, 100, 500}));
  EXPECT_EQ(amounts({.from = last->created_at, .to = last->created_at}), Amounts({400}));
  EXPECT_EQ(amounts({.limit = 2, .offset = 1}), Amounts({2, 350}));
  EXPECT_EQ(amounts({.offset = 5}), Amounts());
  EXPECT_EQ(server.list("ann", {.status = TransactionStatus::kPending, .limit = 1}).total, 4);
  EXPECT_EQ(amounts({}, "bob"), Amounts({900}));
  EXPECT_EQ(server.list("nobody").total, 0);
  server.stop_and_verify();
}

TEST_P(ChangesContract, PagesOfManyAtOneTimeNeitherLoseNorRepeat) {
  TransactionServer& server = *server_;
  std::vector<Pending> pending;
  for (int i = 0; i < 60; ++i) pending.push_back(server.create("ann", "1"));
  for (int i = 0; i < 60; ++i) server.confirm(server.next_create());
  for (Pending& each : pending) each.get();
  for (SortBy sort : {SortBy::kCreatedAt, SortBy::kUpdatedAt, SortBy::kAmount}) {
    std::set<TransactionId> seen;
    for (int64_t offset = 0; offset < 60; offset += 7) {
      for (const TransactionRef& each :
           server.list("ann", {.sort_by = sort, .limit = 7, .offset = offset}).transactions) {
        EXPECT_TRUE(seen.insert(each->id).second);
      }
    }
    EXPECT_EQ(seen.size(), 60u);
  }
  server.stop_and_verify();
}

TEST_P(ChangesContract, WhatIsNotInMemoryIsReadFromItsTable) {
  open([](TransactionHostOptions& options) { options.transactions_in_memory = 4; });
  TransactionServer& server = *server_;
  std::vector<TransactionRef> made;
  for (int i = 1; i <= 20; ++i) {
    made.push_back(server.created("ann", std::to_string(i)));
    server.list("ann");  // the tables have it, so that it may leave
  }
  for (const TransactionRef& each : made) {
    TransactionRef read = server.get(each->id, "ann");
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(*read, *each);
    EXPECT_EQ(server.done("ann", UpdateTransaction{.id = each->id, .amount = dec("50")})->version, 2u);
  }
  EXPECT_EQ(server.get({uuid(9)}, "ann"), nullptr);
  server.stop_and_verify();
}

TEST_P(ChangesContract, TheTablesCanBeMadeAgainFromTheJournal) {
  TransactionServer& server = *server_;
  TransactionRef made = server.created("ann", "1");
  server.done("ann", UpdateTransaction{.id = made->id, .amount = dec("2"), .description = "x"});
  Pending open_one = server.create("ann", "3");
  server.next_create();
  VerifyReport before = server.stop_and_verify();
  {
    auto tables = backend_->open("transactions", false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE(clear_transaction_tables(**connection));
    ASSERT_DONE((*connection)->execute("UPDATE projection_checkpoint SET record = 0"));
  }
  open();
  VerifyReport after = server_->stop_and_verify();
  EXPECT_EQ(after.transactions, before.transactions);
  EXPECT_EQ(after.versions, before.versions);
  EXPECT_EQ(after.open, 1u);
}

TEST_P(ChangesContract, TheVerifierFindsWhatIsWrongInTheTables) {
  TransactionRef made = server_->created("ann", "1");
  Pending open_one = server_->create("ann", "3");
  server_->next_create();
  server_->stop_and_verify();
  auto journal = backend_->open("transactions", true);
  auto tables = backend_->open("transactions", false);
  auto connection = tables->connect(storage::Access::kWriter);
  ASSERT_DONE(connection);
  for (const char* damage :
       {"UPDATE transactions SET amount = amount + 1", "DELETE FROM transaction_versions",
        "DELETE FROM transaction_proposals", "DELETE FROM transactions"}) {
    auto damaged = storage::Transaction::begin(**connection);
    ASSERT_DONE((*connection)->execute(damage));
    ASSERT_DONE(damaged->commit());
    auto report = verify_journal(*journal, *tables, Duration::seconds(3600));
    ASSERT_DONE(report);
    EXPECT_FALSE(report->violations.empty()) << damage;
    ASSERT_DONE(clear_transaction_tables(**connection));
    ASSERT_DONE((*connection)->execute("UPDATE projection_checkpoint SET record = 0"));
    open();
    server_->stop_and_verify();
  }
}

}  // namespace ducat::transactions::testing
