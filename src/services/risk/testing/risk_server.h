// The risk service on a test's databases. Messages are handed to it as a consumer would, also twice and
// around restarts.
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

}  // namespace ducat::risk::testing
