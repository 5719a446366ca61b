// Transactions on a test's databases, asked as callers would, with the audit service played by the test: it
// sees the messages that go out and says when and what is answered. Time stands in the test's hand; upkeep
// runs only when a test calls it.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <future>

#include "base/system.h"
#include "kernel/testing/backends.h"
#include "platform/broker/cloud_event.h"
#include "services/transactions/audit_answer.h"
#include "services/transactions/domain/testing/given.h"
#include "services/transactions/transaction_host.h"
#include "services/transactions/transaction_messages.h"
#include "services/transactions/transaction_verify.h"

namespace ducat::transactions::testing {

using kernel::testing::Backend;
using kernel::testing::eventually;
using kernel::testing::OnBackend;

// Every look at the clock is a microsecond later than the one before. Thread-safe.
class TestClock final : public Clock {
 public:
  Timestamp now() override { return {now_.fetch_add(1)}; }
  Timestamp monotonic() override { return system_.monotonic() + Duration{jumped_.load()}; }
  void jump(Duration by) {
    now_ += by.micros;
    jumped_ += by.micros;
  }

 private:
  SystemClock system_;
  std::atomic<int64_t> now_{kNoon.micros};
  std::atomic<int64_t> jumped_{0};
};

using Tweak = std::function<void(TransactionHostOptions&)>;

// A message that has gone out, with its event.
struct Sent {
  broker::Message message;
  std::string correlation;
  std::string subject;
  std::string data;
};

// A change under way.
class Pending {
 public:
  explicit Pending(std::future<ChangeOutcome> outcome) : outcome_(std::move(outcome)) {}
  bool done() const { return outcome_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  ChangeOutcome get() {
    if (outcome_.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      ADD_FAILURE() << "a change was never answered";
      std::abort();  // its frame is in use; nothing can go on
    }
    return outcome_.get();
  }

 private:
  std::future<ChangeOutcome> outcome_;
};

class TransactionServer {
 public:
  TransactionServer(Backend& backend, TestClock& clock, const Tweak& tweak = {})
      : clock_(clock), options_(options_of(backend)) {
    if (tweak) tweak(options_);
    // The database server lets the sessions of an earlier host go in its own time.
    SystemClock system;
    for (Timestamp give_up = system.monotonic() + Duration::seconds(5);;) {
      host_ = std::make_unique<TransactionHost>(options_, clock_, random_, *timers_);
      started_ = host_->start();
      if (started_ || started_.error().code != Errc::kBusy || system.monotonic() > give_up) return;
      host_->stop();
      timers_ = std::make_unique<ThreadTimers>();  // the old ones end before the host they may call
    }
  }
  ~TransactionServer() { stop(); }

  void stop() {
    if (!host_) return;
    host_->stop();
    home_.stop();
    timers_.reset();
    host_.reset();
  }
  const Status& started() const { return started_; }
  TransactionService& service() { return host_->service(); }
  TransactionHost& host() { return *host_; }

  Pending change(std::string user, Command command, std::string key = {}, uint64_t fingerprint = 0) {
    struct Call {
      std::string user, key;
      ChangeRequest request;
      std::promise<ChangeOutcome> outcome;
    };
    auto call = std::make_shared<Call>();  // until the task has ended
    call->user = std::move(user);
    call->key = key.empty() ? key : call->user + "/" + key;
    call->request.command = std::move(command);
    call->request.requester = {call->user, "10.0.0.1", "test agent", {}, call->key, fingerprint};
    Pending pending(call->outcome.get_future());
    start(service().change(call->request, home_),
          [call](ChangeOutcome outcome) { call->outcome.set_value(std::move(outcome)); });
    return pending;
  }
  Pending create(std::string user, std::string_view amount, std::string key = {}, uint64_t fingerprint = 0,
                 std::string_view code = "USD") {
    return change(std::move(user), CreateTransaction{dec(amount), currency(code), {}, {}}, std::move(key),
                  fingerprint);
  }
  // A change, and the audit service's consent.
  TransactionRef done(std::string user, Command command, std::string key = {}) {
    Pending pending = change(std::move(user), std::move(command), std::move(key));
    confirm(next_create());
    ChangeOutcome outcome = pending.get();
    EXPECT_EQ(outcome.result, ChangeResult::kDone);
    return outcome.transaction;
  }
  TransactionRef created(std::string user, std::string_view amount, std::string_view code = "USD") {
    return done(std::move(user), CreateTransaction{dec(amount), currency(code), {}, {}});
  }

  TransactionRef get(TransactionId id, std::string_view user) {
    return expect(wait_for(service().get(id, user, home_)));
  }
  ListPage list(std::string_view user, ListFilter filter = {}) {
    return expect(wait_for(service().list(user, filter, home_)));
  }
  std::optional<std::vector<StoredVersion>> history(TransactionId id, std::string_view user,
                                                    int64_t limit = 100, int64_t offset = 0) {
    return expect(wait_for(service().history(id, user, limit, offset, home_)));
  }
  TransactionRef at(TransactionId id, std::string_view user, Timestamp time) {
    return expect(wait_for(service().at(id, user, time, home_)));
  }
  size_t roll_back_late() { return expect(wait_for(service().roll_back_late(home_))); }
  size_t roll_back_overdue() { return expect(wait_for(service().roll_back_overdue(home_))); }
  size_t purge() { return expect(wait_for(service().purge(home_))); }
  Status handle(const broker::Message& message) { return wait_for(service().handle(message, home_)); }

  // The next message that has gone out, once it has.
  Sent next_audit() { return next(host_->audit_messages(), audit_read_, audit_); }
  Sent next_business() { return next(host_->business_messages(), business_read_, business_); }
  // Of that type; others are passed over.
  Sent next_create() {
    for (;;) {
      Sent sent = next_audit();
      if (sent.message.type == "audit.log.create") return sent;
    }
  }
  // Whether another one has gone out.
  bool more_audit() {
    read(host_->audit_messages(), audit_read_, audit_);
    return !audit_.empty();
  }

  // The audit service's answers, as messages.
  static broker::Message created_answer(const Sent& create, std::string log_id = {}) {
    if (log_id.empty()) log_id = "log-of-" + create.correlation;
    return answer(create, kAuditCreated,
                  R"({"correlationId":")" + create.correlation + R"(","auditLogId":")" + log_id +
                      R"(","success":true})");
  }
  static broker::Message failed_answer(const Sent& create) {
    return answer(create, kAuditFailed,
                  R"({"correlationId":")" + create.correlation + R"(","error":"disk full","success":false})");
  }
  void confirm(const Sent& create) { EXPECT_TRUE(handle(created_answer(create))); }
  void fail_audit(const Sent& create) { EXPECT_TRUE(handle(failed_answer(create))); }

  // Stops, and expects journal and tables to be sound.
  VerifyReport stop_and_verify() {
    stop();
    auto journal = storage::open(options_.journal);
    auto tables = storage::open(options_.tables);
    EXPECT_TRUE(journal.has_value() && tables.has_value());
    auto report = verify_journal(**journal, **tables, options_.engine.key_life);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    if (!report) return {};
    EXPECT_GT(report->events, 0u) << "something was verified";
    for (const std::string& violation : report->violations) ADD_FAILURE() << violation;
    return *report;
  }

 private:
  static TransactionHostOptions options_of(Backend& backend) {
    TransactionHostOptions options;
    options.journal = backend.target("transactions", true);
    options.tables = backend.target("transactions", false);
    options.engine.lease.holder = "test";
    options.late_interval = options.overdue_interval = options.purge_interval = Duration::seconds(3600);
    return options;
  }
  static broker::Message answer(const Sent& create, std::string_view type, const std::string& data) {
    broker::CloudEvent event;
    std::string id = "answer-to-" + create.message.id;
    event.id = id;
    event.source = "/audit";
    event.type = type;
    event.correlation_id = create.correlation;
    event.partition_key = create.message.key;
    event.data = data;
    return broker::make_message(std::string(kAuditStream), event);
  }
  template <typename T>
  static T wait_for(Task<T> task) {
    std::promise<T> done;
    start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
    return done.get_future().get();
  }
  template <typename T>
  static T expect(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
    return result ? std::move(*result) : T();
  }
  static void read(broker::Source& source, uint64_t& from, std::deque<Sent>& into) {
    auto chunk = source.read(from, 100, {});
    ASSERT_DONE(chunk);
    from = chunk->reached;
    for (auto& numbered : chunk->messages) {
      broker::CloudEventReader reader;
      auto event = reader.read(numbered.message.body);
      ASSERT_DONE(event);
      EXPECT_EQ(event->id, numbered.message.id);
      EXPECT_EQ(event->type, numbered.message.type);
      EXPECT_EQ(event->subject, numbered.message.key) << "a transaction's messages keep their order";
      into.push_back({numbered.message, std::string(event->correlation_id), std::string(event->subject),
                      std::string(event->data)});
    }
  }
  static Sent next(broker::Source& source, uint64_t& from, std::deque<Sent>& sent) {
    bool there = eventually([&] {
      if (sent.empty()) read(source, from, sent);
      return !sent.empty();
    });
    EXPECT_TRUE(there) << "a message goes out";
    if (!there) return {};
    Sent first = std::move(sent.front());
    sent.pop_front();
    return first;
  }

  TestClock& clock_;
  SystemRandom random_;
  TransactionHostOptions options_;
  std::unique_ptr<ThreadTimers> timers_ = std::make_unique<ThreadTimers>();
  std::unique_ptr<TransactionHost> host_;
  Status started_;
  uint64_t audit_read_ = 0, business_read_ = 0;
  std::deque<Sent> audit_, business_;
  ThreadExecutor home_{"home"};
};

}  // namespace ducat::transactions::testing
