// An audit log on a test's databases, asked as a caller would: every call waits for its answer. Time stands
// in the test's hand.
#pragma once

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "kernel/testing/backends.h"
#include "services/audit/audit_host.h"
#include "services/audit/audit_messages.h"
#include "services/audit/audit_verify.h"

namespace ducat::audit::testing {

using kernel::Verdict;
using kernel::testing::Backend;
using kernel::testing::OnBackend;

// Every look at the clock is a millisecond later than the one before. Thread-safe.
class TestClock final : public Clock {
 public:
  Timestamp now() override { return {now_.fetch_add(1000)}; }
  Timestamp monotonic() override { return system_.monotonic(); }

 private:
  SystemClock system_;
  std::atomic<int64_t> now_{1'767'323'045'678'000};
};

inline kernel::merkle::CheckpointSigner test_signer(char seed = 's') {
  return {"example.org/audit", *security::Ed25519Key::from_seed(std::string(32, seed))};
}
inline kernel::merkle::NoteVerifier test_verifier(char seed = 's') {
  return *kernel::merkle::NoteVerifier::parse(test_signer(seed).verifier_key());
}

inline Entry login(std::string_view user = "u1") {
  Entry entry;
  entry.action = Action::kLogin;
  entry.entity_type = "User";
  entry.entity_id = user;
  entry.user_id = user;
  entry.service_name = "identity";
  return entry;
}

inline constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// The body of a message with these data.
inline broker::Message message_of(std::string type, std::string id, std::string data) {
  broker::Message message;
  message.stream = "AUDIT_LOGS";
  message.type = std::move(type);
  message.id = std::move(id);
  message.body = R"({"specversion":"1.0","id":")" + message.id + R"(","source":"/test","traceparent":")" +
                 std::string(kTrace) + R"(","type":")" + message.type + R"(","data":)" + data + "}";
  return message;
}
inline std::string create_data(std::string_view correlation, std::string_view action = "CREATE") {
  return R"({"action":")" + std::string(action) + R"(","entityType":"Transaction","entityId":"t-)" +
         std::string(correlation) +
         R"(","userId":"u1","status":"SUCCESS","metadata":{ "amount": 100.50, "currency":"USD" },)"
         R"("changes":{"after":{"amount":100.50}},"ipAddress":"10.0.0.1","userAgent":"ua \"x\"","correlationId":")" +
         std::string(correlation) + R"(","serviceName":"transaction-view-service"})";
}

class AuditServer {
 public:
  AuditServer(Backend& backend, TestClock& clock) : clock_(clock) {
    options_.journal = backend.target("audit", true);
    options_.tables = backend.target("audit", false);
    options_.engine.lease.holder = "test";
    options_.checkpoint_interval = Duration::seconds(3600);
    // The database server lets the sessions of an earlier host go in its own time.
    SystemClock system;
    for (Timestamp give_up = system.monotonic() + Duration::seconds(5);;) {
      host_ = std::make_unique<AuditHost>(options_, signer_, clock_, *timers_);
      started_ = host_->start();
      if (started_ || started_.error().code != Errc::kBusy || system.monotonic() > give_up) return;
      host_->stop();
      timers_ = std::make_unique<ThreadTimers>();  // the old ones end before the host they may call
    }
  }
  ~AuditServer() { stop(); }

  void stop() {
    if (!host_) return;
    host_->stop();
    home_.stop();
    timers_.reset();
    host_.reset();
  }
  const Status& started() const { return started_; }

  AppendOutcome append(const Entry& entry, std::string key = {}, uint64_t fingerprint = 0) {
    return get(service().append(entry, std::move(key), fingerprint, home_));
  }
  Status take(const broker::Message& message) { return get(handle_message(service(), message, home_)); }
  Status create(std::string_view correlation, std::string id, std::string_view action = "CREATE") {
    return take(message_of("audit.log.create", std::move(id), create_data(correlation, action)));
  }
  Status roll_back(std::string_view correlation, std::string id) {
    return take(
        message_of("audit.log.rollback", std::move(id),
                   R"({"correlationId":")" + std::string(correlation) + R"(","reason":"timed out"})"));
  }
  RecordPage list(ListFilter filter = {}) { return expect(get(service().list(std::move(filter), home_))); }
  std::vector<StoredRecord> of_correlation(std::string id) {
    return expect(get(service().of_correlation(std::move(id), home_)));
  }
  std::vector<StoredRecord> of_entity(std::string type, std::string id) {
    return expect(get(service().of_entity(std::move(type), std::move(id), home_)));
  }
  std::optional<StoredRecord> find(Uuid id) { return expect(get(service().find(id, home_))); }
  std::optional<InclusionView> prove(Uuid id) { return expect(get(service().prove(id, home_))); }
  Result<ConsistencyView> prove_growth(uint64_t from) { return get(service().prove_growth(from, home_)); }
  TreeHead head() { return expect(get(service().head(home_))); }
  CheckView check() { return expect(get(service().check(home_))); }

  // "audit.log.created c1", in order, of everything that was ever answered.
  std::vector<std::string> answers() {
    std::vector<std::string> texts;
    for (const broker::Message& message : messages()) texts.push_back(message.type + " " + message.key);
    return texts;
  }
  std::vector<broker::Message> messages() {
    std::vector<broker::Message> all;
    for (uint64_t after = 0;;) {
      auto chunk = host_->answers().read(after, 100, {});
      EXPECT_TRUE(chunk.has_value()) << (chunk ? "" : chunk.error().message);
      if (!chunk || chunk->reached == after) return all;
      after = chunk->reached;
      for (auto& numbered : chunk->messages) all.push_back(std::move(numbered.message));
    }
  }

  AuditService& service() { return host_->service(); }
  AuditHost& host() { return *host_; }
  Executor& home() { return home_; }

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

 private:
  TestClock& clock_;
  kernel::merkle::CheckpointSigner signer_ = test_signer();
  AuditHostOptions options_;
  std::unique_ptr<ThreadTimers> timers_ = std::make_unique<ThreadTimers>();
  std::unique_ptr<AuditHost> host_;
  Status started_;
  ThreadExecutor home_{"home"};
};

inline VerifyReport verify(Backend& backend, char seed = 's') {
  auto journal = backend.open("audit", true);
  auto tables = backend.open("audit", false);
  kernel::merkle::NoteVerifier verifier = test_verifier(seed);
  auto report = verify_log(*journal, *tables, &verifier);
  EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
  return report ? std::move(*report) : VerifyReport{};
}

}  // namespace ducat::audit::testing
