// What the risk service promises, on whatever database it runs. Messages are handed to it as a consumer
// would, also twice and around restarts.
#pragma once

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "kernel/engine/engine_host.h"
#include "kernel/testing/backends.h"
#include "services/risk/risk_service.h"

namespace ducat::risk::testing {

using kernel::Verdict;

// The service on a test's databases; every call waits for its answer.
class RiskServer {
 public:
  explicit RiskServer(kernel::testing::Backend& backend)
      : rules_(std::move(*RuleSet::parse(kLines))), model_(rules_, 1'000) {
    kernel::EngineHostOptions options;
    options.name = "risk";
    options.journal = backend.target("risk", true);
    options.tables = backend.target("risk", false);
    options.engine.lease.holder = "test";
    host_ = std::make_unique<kernel::EngineHost>(model_, std::move(options), threads_, clock_, timers_);
    Status started = host_->start();
    EXPECT_TRUE(started) << started.error().message;
    service_ = std::make_unique<RiskService>(host_->engine(), host_->readers(), "fraud_detection");
  }
  ~RiskServer() {
    host_->stop();
    threads_.upkeep.stop();
    threads_.readers.stop();
    home_.stop();
  }

  Status withdraw(const std::string& wallet, const std::string& amount, const std::string& message_id,
                  int second = 0) {
    broker::Message message;
    message.id = message_id;
    message.body =
        R"({"specversion":"1.0","id":")" + message_id +
        R"(","source":"/wallet","type":"wallet.funds_withdrawn","data":{"eventType":"FUNDS_WITHDRAWN",)"
        R"("walletId":")" +
        wallet + R"(","amount":)" + amount +
        R"(,"currency":"USD","metadata":{},"timestamp":"2026-01-02T03:04:)" + (second < 10 ? "0" : "") +
        std::to_string(second) + R"(Z"}})";
    return handle(message);
  }
  Status handle(const broker::Message& message) { return get(service_->handle(message, home_)); }
  std::vector<StoredAlert> list(AlertFilter filter = {}) {
    auto found = get(service_->list(std::move(filter), home_));
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : std::vector<StoredAlert>();
  }
  AlertOutcome change(Uuid id, AlertStatus wanted, std::string key = {}) {
    return get(service_->change({id, wanted, "note", "admin", std::move(key), 7}, home_));
  }
  AlertOutcome read(Uuid id) { return get(service_->read(id, home_)); }

 private:
  static inline const std::vector<std::string> kLines{"rapid kind=velocity count=3 window=5m",
                                                      "high kind=amount threshold=10000",
                                                      "quiet kind=amount threshold=1 shadow=true"};
  template <typename T>
  static T get(Task<T> task) {
    std::promise<T> done;
    start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
    return done.get_future().get();
  }

  SystemClock clock_;
  RuleSet rules_;
  RiskModel model_;
  kernel::ServiceThreads threads_;
  ThreadExecutor home_{"home"};
  std::unique_ptr<kernel::EngineHost> host_;
  std::unique_ptr<RiskService> service_;
  ThreadTimers timers_;  // last: its thread ends before what it may call
};

class RiskContract : public kernel::testing::OnBackend {};

TEST_P(RiskContract, OpensOneAlertForEachWalletAndRule) {
  RiskServer server(*backend_);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(server.withdraw("ann", "1", "m" + std::to_string(i), i));
  ASSERT_TRUE(server.withdraw("bob", "1", "b", 0));
  auto alerts = server.list();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].alert.wallet_id, "ann");
  EXPECT_EQ(alerts[0].alert.rule, "rapid");
  EXPECT_EQ(alerts[0].alert.status, AlertStatus::kOpen);
  EXPECT_EQ(alerts[0].alert.details, R"({"timeWindow":"5 minutes","withdrawalCount":4})");
}

TEST_P(RiskContract, CountsAMessageOnceHoweverOftenItComes) {
  auto server = std::make_unique<RiskServer>(*backend_);
  for (int i = 0; i < 3; ++i) {
    for (int again = 0; again < 3; ++again)
      ASSERT_TRUE(server->withdraw("ann", "1", "m" + std::to_string(i), i));
  }
  EXPECT_TRUE(server->list().empty());
  server.reset();
  server = std::make_unique<RiskServer>(*backend_);
  ASSERT_TRUE(server->withdraw("ann", "1", "m0", 0));
  EXPECT_TRUE(server->list().empty());
  ASSERT_TRUE(server->withdraw("ann", "1", "m3", 3));
  EXPECT_EQ(server->list().size(), 1U) << "what happened before the restart counts";
}

TEST_P(RiskContract, KeepsAlertsOfShadowRulesApart) {
  RiskServer server(*backend_);
  ASSERT_TRUE(server.withdraw("ann", "5", "m"));
  EXPECT_TRUE(server.list().empty());
  AlertFilter shadows;
  shadows.shadow = true;
  ASSERT_EQ(server.list(shadows).size(), 1U);
  EXPECT_EQ(server.list(shadows)[0].alert.rule, "quiet");
}

TEST_P(RiskContract, ClosesAnAlertForGoodAndOpensTheNext) {
  auto server = std::make_unique<RiskServer>(*backend_);
  ASSERT_TRUE(server->withdraw("ann", "10001", "m1"));
  ASSERT_TRUE(server->withdraw("ann", "10002", "m2"));
  ASSERT_EQ(server->list().size(), 1U);
  Uuid id = server->list()[0].alert.id;
  AlertOutcome looked = server->change(id, AlertStatus::kInvestigating);
  EXPECT_EQ(looked.verdict, Verdict::kAccepted);
  EXPECT_EQ(looked.alert.alert.status, AlertStatus::kInvestigating);
  ASSERT_TRUE(server->withdraw("ann", "10003", "m3"));
  EXPECT_EQ(server->list().size(), 1U) << "one that is looked into is still pending";
  server.reset();
  server = std::make_unique<RiskServer>(*backend_);
  EXPECT_EQ(server->change(id, AlertStatus::kClosed, "key").verdict, Verdict::kAccepted);
  AlertOutcome again = server->change(id, AlertStatus::kClosed, "key");
  EXPECT_EQ(again.verdict, Verdict::kReplayed);
  EXPECT_EQ(again.alert.alert.status, AlertStatus::kClosed);
  EXPECT_EQ(again.alert.alert.note, "note");
  AlertOutcome late = server->change(id, AlertStatus::kInvestigating);
  EXPECT_EQ(late.verdict, Verdict::kRefused);
  EXPECT_EQ(late.refusal, AlertRefusal::kClosed);
  ASSERT_TRUE(server->withdraw("ann", "10004", "m4"));
  AlertFilter open;
  open.wallet_id = "ann";
  open.rule = "high";
  EXPECT_EQ(server->list(open).size(), 2U);
  open.status = AlertStatus::kOpen;
  EXPECT_EQ(server->list(open).size(), 1U);
}

TEST_P(RiskContract, FindsNoAlertByAMadeUpId) {
  RiskServer server(*backend_);
  ASSERT_TRUE(server.withdraw("ann", "10001", "m1"));
  Uuid id = server.list()[0].alert.id;
  EXPECT_EQ(server.read(id).verdict, Verdict::kAccepted);
  Uuid other = make_alert_id({0}, position_of(id));
  EXPECT_EQ(server.read(other).refusal, AlertRefusal::kNotFound);
  EXPECT_EQ(server.change(other, AlertStatus::kClosed).refusal, AlertRefusal::kNotFound);
  EXPECT_EQ(server.read(make_alert_id({0}, 77'777)).refusal, AlertRefusal::kNotFound);
}

TEST_P(RiskContract, RefusesForGoodWhatItCannotRead) {
  RiskServer server(*backend_);
  broker::Message message;
  message.id = "m";
  message.body = "nonsense";
  Status handled = server.handle(message);
  ASSERT_FALSE(handled);
  EXPECT_FALSE(handled.error().retryable());
}

}  // namespace ducat::risk::testing
