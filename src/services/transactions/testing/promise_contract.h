// The promise: a change is visible, and answered, only after its audit record is durable, and whatever
// happens to the messages it comes to an end that both sides share. On either database.
#pragma once

#include "base/fault_point.h"
#include "services/transactions/testing/transaction_server.h"

namespace ducat::transactions::testing {

class PromiseContract : public OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (backend_ != nullptr) open();
  }
  void open(const Tweak& tweak = {}) {
    server_.reset();
    server_ = std::make_unique<TransactionServer>(*backend_, clock_, tweak);
    ASSERT_DONE(server_->started());
  }
  static TransactionId id_of(const Sent& sent) { return {Uuid::parse(sent.subject).value()}; }

  TestClock clock_;
  std::unique_ptr<TransactionServer> server_;
};

TEST_P(PromiseContract, ACreateIsInvisibleUntilItsAuditRecordIsDurable) {
  TransactionServer& server = *server_;
  Pending pending = server.create("ann", "100.5");
  Sent create = server.next_audit();
  EXPECT_EQ(create.message.type, "audit.log.create");
  EXPECT_EQ(create.message.stream, "AUDIT_LOGS");
  EXPECT_EQ(server.get(id_of(create), "ann"), nullptr);
  EXPECT_EQ(server.list("ann").total, 0);
  EXPECT_FALSE(pending.done());
  server.confirm(create);
  ChangeOutcome outcome = pending.get();
  EXPECT_EQ(outcome.result, ChangeResult::kDone);
  EXPECT_EQ(outcome.transaction->id, id_of(create));
  EXPECT_EQ(outcome.transaction->version, 1u);
  TransactionRef read = server.get(id_of(create), "ann");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(*read, *outcome.transaction);
  EXPECT_EQ(server.get(id_of(create), "bob"), nullptr) << "it is ann's";
  EXPECT_EQ(server.list("ann").total, 1);
  Sent told = server.next_business();
  EXPECT_EQ(told.message.type, "transaction.created");
  EXPECT_EQ(told.message.stream, "TRANSACTIONS");
  EXPECT_EQ(told.correlation, create.correlation);
  VerifyReport report = server.stop_and_verify();
  EXPECT_EQ(report.transactions, 1u);
  EXPECT_EQ(report.versions, 1u);
  EXPECT_EQ(report.open, 0u);
}

TEST_P(PromiseContract, AnUpdateAndADeleteAreInvisibleUntilThen) {
  TransactionServer& server = *server_;
  TransactionRef first = server.created("ann", "1");
  Pending update = server.change("ann", UpdateTransaction{.id = first->id, .amount = dec("2")});
  Sent wanted = server.next_create();
  EXPECT_EQ(server.get(first->id, "ann")->amount.minor, 100);
  server.confirm(wanted);
  EXPECT_EQ(update.get().transaction->version, 2u);
  EXPECT_EQ(server.get(first->id, "ann")->amount.minor, 200);
  Pending removal = server.change("ann", DeleteTransaction{first->id, {}});
  wanted = server.next_create();
  EXPECT_NE(server.get(first->id, "ann"), nullptr);
  server.confirm(wanted);
  EXPECT_EQ(removal.get().result, ChangeResult::kDone);
  EXPECT_EQ(server.get(first->id, "ann"), nullptr);
  EXPECT_EQ(server.list("ann").total, 0);
  EXPECT_EQ(server.next_business().message.type, "transaction.created");
  EXPECT_EQ(server.next_business().message.type, "transaction.updated");
  EXPECT_EQ(server.next_business().message.type, "transaction.deleted");
  server.stop_and_verify();
}

TEST_P(PromiseContract, AFailedAuditRollsBackAtOnce) {
  TransactionServer& server = *server_;
  Pending pending = server.create("ann", "1");
  Sent create = server.next_create();
  server.fail_audit(create);
  EXPECT_EQ(pending.get().result, ChangeResult::kNotAudited);
  EXPECT_EQ(server.get(id_of(create), "ann"), nullptr);
  Sent rollback = server.next_audit();
  EXPECT_EQ(rollback.message.type, "audit.log.rollback");
  EXPECT_EQ(rollback.data, R"({"correlationId":")" + create.correlation + R"(","reason":"disk full"})");
  EXPECT_EQ(server.next_business().message.type, "transaction.rollback");
  server.confirm(create);
  EXPECT_EQ(server.get(id_of(create), "ann"), nullptr) << "decided is decided";
  server.stop_and_verify();
}

TEST_P(PromiseContract, WithoutAnAnswerInTimeItIsRolledBack) {
  TransactionServer& server = *server_;
  Pending pending = server.create("ann", "1");
  Sent create = server.next_create();
  ASSERT_TRUE(eventually([&] { return server.service().waiting() == 1; }));
  clock_.jump(Duration::seconds(9));
  EXPECT_EQ(server.roll_back_late(), 0u);
  EXPECT_EQ(server.roll_back_overdue(), 0u);
  EXPECT_FALSE(pending.done());
  ASSERT_TRUE(eventually([&] {
    clock_.jump(Duration::seconds(1));
    return server.roll_back_late() == 1;
  }));
  EXPECT_EQ(pending.get().result, ChangeResult::kNotAudited);
  Sent rollback = server.next_audit();
  EXPECT_EQ(rollback.message.type, "audit.log.rollback");
  EXPECT_EQ(rollback.data, R"({"correlationId":")" + create.correlation + R"(","reason":"timeout"})");
  EXPECT_EQ(rollback.message.key, create.message.key);
  server.confirm(create);
  EXPECT_EQ(server.get(id_of(create), "ann"), nullptr) << "the confirmation came too late";
  EXPECT_EQ(server.list("ann").total, 0);
  EXPECT_EQ(server.service().waiting(), 0u);
  server.stop_and_verify();
}

TEST_P(PromiseContract, AnswersMayComeTwiceAndInAnyOrder) {
  TransactionServer& server = *server_;
  std::vector<Pending> pending;
  std::vector<Sent> creates;
  for (int i = 1; i <= 30; ++i) pending.push_back(server.create("ann", std::to_string(i)));
  for (int i = 1; i <= 30; ++i) creates.push_back(server.next_create());
  for (size_t i = creates.size(); i-- > 0;) {
    if (i % 5 == 0) {
      server.fail_audit(creates[i]);
      server.confirm(creates[i]);
    } else {
      server.confirm(creates[i]);
      server.confirm(creates[i]);
      server.fail_audit(creates[i]);
    }
  }
  size_t done = 0;
  for (Pending& each : pending) done += each.get().result == ChangeResult::kDone;
  EXPECT_EQ(done, 24u);
  EXPECT_EQ(server.list("ann").total, 24);
  VerifyReport report = server.stop_and_verify();
  EXPECT_EQ(report.versions, 24u);
}

TEST_P(PromiseContract, EachRequestGetsItsOwnOutcome) {
  TransactionServer& server = *server_;
  std::map<std::string, Sent> creates;
  std::vector<std::string> users = {"ann", "bob", "cyn", "dan"};
  std::vector<Pending> pending;
  for (const std::string& user : users) {
    pending.push_back(server.create(user, "1"));
    creates[user] = server.next_create();
  }
  server.fail_audit(creates["bob"]);
  server.confirm(creates["dan"]);
  EXPECT_EQ(pending[1].get().result, ChangeResult::kNotAudited);
  EXPECT_EQ(pending[3].get().transaction->user_id, "dan");
  EXPECT_FALSE(pending[0].done());
  EXPECT_FALSE(pending[2].done());
  server.confirm(creates["cyn"]);
  server.confirm(creates["ann"]);
  EXPECT_EQ(pending[0].get().transaction->user_id, "ann");
  EXPECT_EQ(pending[2].get().transaction->user_id, "cyn");
  server.stop_and_verify();
}

TEST_P(PromiseContract, AConfirmationAfterARestartMakesItVisibleThoughNobodyWaits) {
  Pending pending = server_->create("ann", "1");
  Sent create = server_->next_create();
  server_->stop();
  EXPECT_EQ(pending.get().result, ChangeResult::kUnavailable) << "whether it will be is not known yet";
  open();
  EXPECT_EQ(server_->get(id_of(create), "ann"), nullptr);
  server_->confirm(create);
  TransactionRef read = server_->get(id_of(create), "ann");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->amount.minor, 100);
  EXPECT_EQ(server_->next_create().message.id, create.message.id) << "its message is the same as before";
  server_->stop_and_verify();
}

TEST_P(PromiseContract, WhatACrashHasLeftOpenIsRolledBackWithoutAPerson) {
  Pending pending = server_->create("ann", "1");
  Sent create = server_->next_create();
  TransactionRef there = server_->created("bob", "5");
  Pending update = server_->change("bob", UpdateTransaction{.id = there->id, .amount = dec("6")});
  server_->next_create();
  open();
  EXPECT_EQ(server_->roll_back_overdue(), 0u) << "they have their time";
  clock_.jump(Duration::seconds(11));
  EXPECT_EQ(server_->roll_back_overdue(), 2u);
  EXPECT_EQ(server_->roll_back_overdue(), 0u);
  server_->confirm(create);
  EXPECT_EQ(server_->get(id_of(create), "ann"), nullptr);
  EXPECT_EQ(server_->get(there->id, "bob")->amount.minor, 500);
  EXPECT_EQ(pending.get().result, ChangeResult::kUnavailable);
  EXPECT_EQ(update.get().result, ChangeResult::kUnavailable);
  VerifyReport report = server_->stop_and_verify();
  EXPECT_EQ(report.open, 0u);
}

TEST_P(PromiseContract, OpenChangesOutliveSeveralRestartsFromTheirTable) {
  Pending pending = server_->create("ann", "1", "key", 7);
  Sent create = server_->next_create();
  for (int i = 0; i < 3; ++i) {
    VerifyReport report = server_->stop_and_verify();
    EXPECT_EQ(report.open, 1u);
    open();
  }
  EXPECT_EQ(pending.get().result, ChangeResult::kUnavailable);
  Pending retry = server_->create("ann", "1", "key", 7);
  server_->confirm(create);
  ChangeOutcome outcome = retry.get();
  EXPECT_EQ(outcome.result, ChangeResult::kReplayed) << "the key came with the proposal";
  EXPECT_EQ(outcome.transaction->id, id_of(create));
  EXPECT_EQ(server_->list("ann").total, 1);
  server_->stop_and_verify();
}

TEST_P(PromiseContract, AStopAnswersWhoeverWaits) {
  TransactionRef there = server_->created("ann", "1");
  Pending create = server_->create("ann", "1");
  Pending update = server_->change("ann", UpdateTransaction{.id = there->id, .amount = dec("2")});
  server_->next_create();
  server_->next_create();
  Pending queued = server_->change("ann", UpdateTransaction{.id = there->id, .amount = dec("3")});
  server_->stop();
  EXPECT_EQ(create.get().result, ChangeResult::kUnavailable);
  EXPECT_EQ(update.get().result, ChangeResult::kUnavailable);
  EXPECT_NE(queued.get().result, ChangeResult::kDone);
}

TEST_P(PromiseContract, AProposalThatCouldNotBeWrittenIsNone) {
  TransactionServer& server = *server_;
  {
    ArmedFault full("journal.append.before", [] { return fail(Errc::kFull, "disk full"); });
    EXPECT_EQ(server.create("ann", "1", "k", 1).get().result, ChangeResult::kUnavailable);
  }
  EXPECT_FALSE(server.more_audit());
  ChangeResult result = ChangeResult::kUnavailable;
  ASSERT_TRUE(eventually([&] {
    Pending again = server.create("ann", "1", "k", 1);
    if (eventually([&] { return again.done() || server.more_audit(); }) && !again.done()) {
      server.confirm(server.next_create());
    }
    result = again.get().result;
    return result != ChangeResult::kUnavailable;
  }));
  EXPECT_EQ(result, ChangeResult::kDone);
  EXPECT_EQ(server.list("ann").total, 1);
  server.stop_and_verify();
}

TEST_P(PromiseContract, AConfirmationThatCouldNotBeWrittenIsTriedAgain) {
  TransactionServer& server = *server_;
  Pending pending = server.create("ann", "1");
  Sent create = server.next_create();
  {
    ArmedFault full("journal.append.before", [] { return fail(Errc::kFull, "disk full"); });
    Status handled = server.handle(server.created_answer(create));
    ASSERT_FALSE(handled);
    EXPECT_TRUE(handled.error().retryable()) << "the broker delivers it again";
  }
  EXPECT_FALSE(pending.done());
  ASSERT_TRUE(eventually([&] { return server.handle(server.created_answer(create)).has_value(); }));
  EXPECT_EQ(pending.get().result, ChangeResult::kDone);
  server.stop_and_verify();
}

TEST_P(PromiseContract, TablesWhoseWritingIsUnknownKeepNoChangeThatHasEnded) {
  TransactionServer& server = *server_;
  TransactionRef before = server.created("ann", "1");
  server.list("ann");
  {
    std::atomic<int> told{0};
    ArmedFault unknown("projection.write.after", [&] {
      ++told;
      return fail(Errc::kUnavailable, "the connection was lost");
    });
    Pending pending = server.create("ann", "2");
    Sent create = server.next_create();
    ASSERT_TRUE(eventually([&] { return told > 0; })) << "the proposal is in its table, and nobody knows";
    server.confirm(create);
    EXPECT_EQ(pending.get().result, ChangeResult::kDone);
  }
  EXPECT_EQ(server.list("ann").total, 2);
  VerifyReport report = server.stop_and_verify();
  EXPECT_EQ(report.open, 0u);
}

TEST_P(PromiseContract, AnAnswerThatIsNoneIsRefusedForGood) {
  TransactionServer& server = *server_;
  Pending pending = server.create("ann", "1");
  Sent create = server.next_create();
  broker::Message message = server.created_answer(create);
  for (const char* body : {"", "{}", "not json"}) {
    broker::Message broken = message;
    broken.body = body;
    Status handled = server.handle(broken);
    ASSERT_FALSE(handled);
    EXPECT_FALSE(handled.error().retryable());
  }
  Sent other = create;
  other.correlation = uuid(77).to_string();
  EXPECT_TRUE(server.handle(server.created_answer(other))) << "another service's: nothing to do";
  EXPECT_TRUE(server.handle(server.failed_answer(other)));
  EXPECT_FALSE(pending.done());
  server.confirm(create);
  EXPECT_EQ(pending.get().result, ChangeResult::kDone);
  server.stop_and_verify();
}

}  // namespace ducat::transactions::testing
