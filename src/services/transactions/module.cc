// Wiring of transactions: from settings to a running host.
#include "services/transactions/module.h"

#include "kernel/messaging/led_consumer.h"
#include "services/transactions/api/transaction_api.h"
#include "services/transactions/audit_answer.h"
#include "services/transactions/transaction_host.h"
#include "services/transactions/transaction_messages.h"

namespace ducat::transactions {
namespace {

constexpr std::string_view kName = "transactions";

constexpr config::Setting kSettings[] = {
    {.key = "transactions.audit_timeout",
     .type = config::Type::kDuration,
     .default_value = "10s",
     .min = "10ms",
     .help = "how long a change waits for its audit record before it is rolled back"},
    {.key = "transactions.cache",
     .type = config::Type::kInteger,
     .default_value = "200000",
     .min = "1000",
     .help = "transactions kept in memory, about 400 bytes each"},
    {.key = "transactions.open_changes",
     .type = config::Type::kInteger,
     .default_value = "100000",
     .min = "1",
     .help = "changes that may wait for their audit record before more are refused with 503"},
    {.key = "transactions.waiting_changes",
     .type = config::Type::kInteger,
     .default_value = "256",
     .min = "1",
     .help = "changes of one transaction that may wait for each other"},
    {.key = "transactions.wait",
     .type = config::Type::kDuration,
     .default_value = "5s",
     .min = "10ms",
     .help = "how long a command may wait before it is refused with 503"},
    {.key = "retention.deleted_days",
     .type = config::Type::kInteger,
     .default_value = "30",
     .min = "1",
     .max = "36500",
     .help = "days within which a deleted transaction may be restored"},
};

TransactionHostOptions options_of(const kernel::ServicePorts& ports) {
  const config::Settings& settings = ports.settings;
  TransactionHostOptions options;
  options.journal = ports.targets(std::string(kName), true);
  options.tables = ports.targets(std::string(kName), false);
  options.engine.lease.holder = ports.holder;
  options.engine.wait = settings.duration("transactions.wait");
  options.engine.key_life = settings.duration("idempotency.ttl");
  options.service.audit_timeout = settings.duration("transactions.audit_timeout");
  options.service.waiting_changes = static_cast<size_t>(settings.integer("transactions.waiting_changes"));
  options.service.deleted_retention = Duration::seconds(settings.integer("retention.deleted_days") * 86'400);
  options.cache = ports.cache;
  options.together = ports.together;
  options.transactions_in_memory = static_cast<size_t>(settings.integer("transactions.cache"));
  options.open_changes = static_cast<size_t>(settings.integer("transactions.open_changes"));
  return options;
}

class TransactionsModule final : public Module {
 public:
  explicit TransactionsModule(kernel::ServicePorts ports)
      : ports_(std::move(ports)),
        host_(options_of(ports_), ports_.clock, ports_.random, ports_.timers),
        api_([this]() -> TransactionService& { return host_.service(); }) {
    ports_.registry.writes_need("ducat.transactions.v1.TransactionService", [this] { return host_.leads(); });
    api_.bind(ports_.registry);
  }

  std::string name() const override { return std::string(kName); }

  Status start() override {
    DUCAT_TRY(host_.start());
    watches_ = kernel::watch_engines(ports_.metrics, kName, [this] { return std::vector{host_.stats()}; });
    watches_.push_back(
        ports_.metrics.watch_gauge("ducat_transactions_waiting", "Changes that wait for their audit record",
                                   {}, [this] { return static_cast<double>(host_.service().waiting()); }));
    if (ports_.broker == nullptr) return {};
    DUCAT_TRY(publish());
    return host_.engine().while_leading([this] { return consume(); }, [this] { consumer_.end(); });
  }

  void stop() override {
    if (host_.started()) host_.engine().end_duties();
    watches_.clear();
    host_.stop();
    consuming_.stop();
  }

  Health health() const override {
    const kernel::EngineStats stats[] = {host_.stats()};
    Health health = kernel::health_of(stats);
    if (health.detail.empty()) health.detail = consumer_.trouble();
    return health;
  }

 private:
  Status publish() {
    for (const broker::StreamSpec& stream : transaction_streams()) DUCAT_TRY(ports_.broker->declare(stream));
    DUCAT_TRY(ports_.broker->feed(std::string(kAuditStream), host_.audit_messages()));
    return ports_.broker->feed(std::string(kBusinessStream), host_.business_messages());
  }

  // Somebody waits for every answer, and only an outage can hold one up, so that it is tried for as long as
  // it takes.
  Status consume() {
    broker::ConsumerOptions options;
    options.subscription.stream = kAuditStream;
    options.subscription.types = {std::string(kAuditCreated), std::string(kAuditFailed)};
    options.subscription.group = kName;
    options.subscription.max_in_flight = 4096;
    options.first_pause = Duration::millis(100);
    options.retries = -1;
    return consumer_.begin(
        std::make_unique<broker::Consumer>(*ports_.broker, ports_.timers, consuming_, std::move(options),
                                           [this](const broker::Message& message, Executor& home) {
                                             return host_.service().handle(message, home);
                                           }));
  }

  kernel::ServicePorts ports_;
  TransactionHost host_;
  TransactionApi api_;
  std::vector<metrics::Watch> watches_;
  ThreadExecutor consuming_{"audit-answers"};
  kernel::LedConsumer consumer_{consuming_};
};

}  // namespace

std::span<const config::Setting> transactions_settings() {
  return kSettings;
}

std::unique_ptr<Module> make_transactions_module(kernel::ServicePorts ports) {
  return std::make_unique<TransactionsModule>(std::move(ports));
}

}  // namespace ducat::transactions
