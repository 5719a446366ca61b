// Transactions and the audit log in one process, connected by the embedded broker as the application connects
// them. Either can be stopped and started again while the other goes on.
#pragma once

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "kernel/testing/backends.h"
#include "platform/broker/consumer.h"
#include "platform/broker/embedded/embedded.h"
#include "services/audit/audit_host.h"
#include "services/audit/audit_messages.h"
#include "services/transactions/audit_answer.h"
#include "services/transactions/domain/testing/given.h"
#include "services/transactions/transaction_host.h"
#include "services/transactions/transaction_messages.h"
#include "services/transactions/transaction_verify.h"

namespace ducat::integration {

using transactions::ChangeOutcome;
using transactions::ChangeResult;

// A consumer with a thread of its own, stopped when destroyed.
class RunningConsumer {
 public:
  RunningConsumer(broker::Broker& broker, Timers& timers, broker::SubscriptionOptions subscription,
                  broker::Handler handler)
      : consumer_(broker, timers, executor_, options(std::move(subscription)), std::move(handler)) {
    Status started = consumer_.start();
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
  }
  ~RunningConsumer() {
    std::promise<void> stopped;
    consumer_.stop([&stopped] { stopped.set_value(); });
    stopped.get_future().wait();
    executor_.stop();
  }

 private:
  static broker::ConsumerOptions options(broker::SubscriptionOptions subscription) {
    broker::ConsumerOptions options;
    options.subscription = std::move(subscription);
    options.first_pause = Duration::millis(20);
    options.retries = -1;
    return options;
  }
  ThreadExecutor executor_{"consumer"};
  broker::Consumer consumer_;
};

// One life of the process.
class TwoServices {
 public:
  TwoServices(kernel::testing::Backend& backend, Duration audit_timeout) {
    broker_ = broker::make_embedded(backend.open("broker", true), clock_, timers_);
    check(broker_->start());
    transactions::TransactionHostOptions options;
    options.journal = backend.target("transactions", true);
    options.tables = backend.target("transactions", false);
    options.engine.lease.holder = "test";
    options.service.audit_timeout = audit_timeout;
    options.late_interval = Duration::millis(10);
    options.overdue_interval = Duration::millis(50);
    transactions_ = std::make_unique<transactions::TransactionHost>(options, clock_, random_, timers_);
    check(transactions_->start());
    audit::AuditHostOptions audit_options;
    audit_options.journal = backend.target("audit", true);
    audit_options.tables = backend.target("audit", false);
    audit_options.engine.lease.holder = "test";
    audit_ = std::make_unique<audit::AuditHost>(audit_options, signer_, clock_, timers_);
    check(audit_->start());
    for (const broker::StreamSpec& stream : transactions::transaction_streams())
      check(broker_->declare(stream));
    check(broker_->feed("AUDIT_LOGS", audit_->answers()));
    check(broker_->feed("AUDIT_LOGS", transactions_->audit_messages()));
    check(broker_->feed("TRANSACTIONS", transactions_->business_messages()));
  }
  ~TwoServices() {
    stop_transactions_consumer();
    stop_audit_consumer();
    transactions_->stop();
    audit_->stop();
    broker_->stop();
    home_.stop();
  }

  void start_audit_consumer() {
    audit_consumer_ =
        std::make_unique<RunningConsumer>(*broker_, timers_, audit::audit_subscription(),
                                          [this](const broker::Message& message, Executor& home) {
                                            return audit::handle_message(audit_->service(), message, home);
                                          });
  }
  void stop_audit_consumer() { audit_consumer_.reset(); }
  void start_transactions_consumer() {
    broker::SubscriptionOptions answers;
    answers.stream = transactions::kAuditStream;
    answers.types = {std::string(transactions::kAuditCreated), std::string(transactions::kAuditFailed)};
    answers.group = "transactions";
    answers_consumer_ = std::make_unique<RunningConsumer>(
        *broker_, timers_, answers, [this](const broker::Message& message, Executor& home) {
          return transactions_->service().handle(message, home);
        });
  }
  void stop_transactions_consumer() { answers_consumer_.reset(); }

  // Not answered yet; asked for ann.
  std::future<ChangeOutcome> begin(transactions::Command command, std::string key = {}) {
    struct Call {
      std::string key;
      transactions::ChangeRequest request;
      std::promise<ChangeOutcome> outcome;
    };
    auto call = std::make_shared<Call>();  // until the task has ended
    call->key = std::move(key);
    call->request.command = std::move(command);
    call->request.requester = {"ann", "10.0.0.1", "test", {}, call->key, 1};
    std::future<ChangeOutcome> outcome = call->outcome.get_future();
    start(transactions_->service().change(call->request, home_),
          [call](ChangeOutcome done) { call->outcome.set_value(std::move(done)); });
    return outcome;
  }
  ChangeOutcome change(transactions::Command command, std::string key = {}) {
    return begin(std::move(command), std::move(key)).get();
  }
  static transactions::CreateTransaction a_create(std::string_view amount) {
    return {transactions::testing::dec(amount), Currency::kUsd, {}, {}};
  }

  transactions::ListPage list() {
    return expect(get(transactions_->service().list("ann", {.limit = 100}, home_)));
  }
  std::vector<transactions::StoredVersion> history(transactions::TransactionId id) {
    auto versions = expect(get(transactions_->service().history(id, "ann", 100, 0, home_)));
    return versions ? std::move(*versions) : std::vector<transactions::StoredVersion>();
  }
  // Audit records with this effective status.
  int64_t records(audit::RecordStatus status) {
    audit::ListFilter filter;
    filter.status = status;
    return expect(get(audit_->service().list(filter, home_))).total;
  }
  std::vector<audit::StoredRecord> records_of(transactions::CorrelationId correlation) {
    return expect(get(audit_->service().of_correlation(correlation.uuid.to_string(), home_)));
  }

 private:
  static void check(const Status& status) { EXPECT_TRUE(status) << (status ? "" : status.error().message); }
  template <typename T>
  static T get(Task<T> task) {
    std::promise<T> done;
    start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
    return done.get_future().get();
  }
  template <typename T>
  static T expect(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
    return result ? std::move(*result) : T();
  }

  SystemClock clock_;
  SystemRandom random_;
  kernel::merkle::CheckpointSigner signer_{"test", security::Ed25519Key::generate()};
  ThreadExecutor home_{"home"};
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<transactions::TransactionHost> transactions_;
  std::unique_ptr<audit::AuditHost> audit_;
  std::unique_ptr<RunningConsumer> audit_consumer_, answers_consumer_;
  ThreadTimers timers_;  // last: its thread ends before what it may call
};

}  // namespace ducat::integration
