// Wiring of the risk service: from settings to an engine that consumes the wallets' events.
#include "services/risk/module.h"

#include "kernel/engine/engine_host.h"
#include "kernel/messaging/led_consumer.h"
#include "services/risk/api/risk_api.h"

namespace ducat::risk {
namespace {

constexpr config::Setting kSettings[] = {
    {.key = "risk.rules",
     .type = config::Type::kList,
     .default_value = "rapid_withdrawals kind=velocity count=3 window=5m,"
                      "high_value_transaction kind=amount threshold=10000",
     .help = "fraud rules: name kind=velocity|amount|new_receiver|many_receivers, then count=, window=, "
             "threshold=; shadow=true only records"},
    {.key = "risk.group",
     .default_value = "fraud_detection",
     .help = "the consumer's durable name; its dead letters are in <group>.dlq"},
    {.key = "risk.cache_wallets",
     .type = config::Type::kInteger,
     .default_value = "100000",
     .min = "1000",
     .help = "wallets whose history is kept in memory"},
};

// Nobody waits for an alert, so commits are few and large.
constexpr Duration kPace = Duration::millis(20);
constexpr size_t kInFlight = 4096;
constexpr int kRetries = 3;  // after 1, 2 and 4 s

class RiskModule final : public Module {
 public:
  explicit RiskModule(kernel::ServicePorts ports)
      : ports_(std::move(ports)), api_([this]() -> RiskService& { return *service_; }) {
    ports_.registry.writes_need("ducat.risk.v1.RiskService", [this] { return host_ && host_->leads(); });
    api_.bind(ports_.registry);
  }

  std::string name() const override { return "risk"; }

  Status start() override {
    DUCAT_ASSIGN(rules_, RuleSet::parse(ports_.settings.list("risk.rules")));
    kernel::EngineHostOptions options;
    options.name = "risk";
    options.priority = Priority::kBackground;
    options.engine.pace = kPace;
    options.journal = ports_.targets("risk", true);
    options.tables = ports_.targets("risk", false);
    options.engine.lease.holder = ports_.holder;
    options.together = ports_.together;
    options.engine.key_life = ports_.settings.duration("idempotency.ttl");
    model_ = std::make_unique<RiskModel>(rules_,
                                         static_cast<size_t>(ports_.settings.integer("risk.cache_wallets")));
    host_ = std::make_unique<kernel::EngineHost>(*model_, std::move(options), threads_, ports_.clock,
                                                 ports_.timers);
    DUCAT_TRY(host_->start());
    const std::string& group = ports_.settings.text("risk.group");
    service_ = std::make_unique<RiskService>(host_->engine(), host_->readers(), group);
    watches_ = kernel::watch_engines(ports_.metrics, "risk", [this] { return std::vector{host_->stats()}; });
    if (ports_.broker == nullptr) return {};
    return host_->while_leading([this, group] { return consume(group); }, [this] { consumer_.end(); });
  }

  void stop() override {
    if (host_) host_->end_duties();
    watches_.clear();
    if (host_) host_->stop();
    consuming_.stop();
    threads_.upkeep.stop();
    threads_.readers.stop();
  }

  Health health() const override {
    const kernel::EngineStats stats[] = {host_->stats()};
    Health health = kernel::health_of(stats);
    if (health.detail.empty()) health.detail = consumer_.trouble();
    return health;
  }

 private:
  Status consume(const std::string& group) {
    broker::ConsumerOptions options;
    options.subscription = {.stream = "wallet_events",
                            .types = {"wallet.funds_withdrawn", "wallet.funds_deposited"},
                            .group = group,
                            .max_in_flight = kInFlight};
    options.retries = kRetries;
    options.keep_order = false;  // a history is the same in whatever order movements come
    return consumer_.begin(std::make_unique<broker::Consumer>(
        *ports_.broker, ports_.timers, consuming_, std::move(options),
        [this](const broker::Message& message, Executor& home) { return service_->handle(message, home); }));
  }

  kernel::ServicePorts ports_;
  RuleSet rules_;
  // Alerts wait while money moves: all of this leaves the processors to the services that answer somebody.
  kernel::ServiceThreads threads_{Priority::kBackground};
  std::unique_ptr<RiskModel> model_;
  std::unique_ptr<kernel::EngineHost> host_;
  std::unique_ptr<RiskService> service_;
  RiskApi api_;
  std::vector<metrics::Watch> watches_;
  ThreadExecutor consuming_{"risk-consumer", 1, Priority::kBackground};
  kernel::LedConsumer consumer_{consuming_};
};

}  // namespace

std::span<const config::Setting> risk_settings() {
  return kSettings;
}

std::unique_ptr<Module> make_risk_module(kernel::ServicePorts ports) {
  return std::make_unique<RiskModule>(std::move(ports));
}

}  // namespace ducat::risk
