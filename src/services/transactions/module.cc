// Wiring of transactions: from settings to a running host.
#include "services/transactions/module.h"

#include <cstdio>

#include "services/transactions/api/transaction_api.h"
#include "services/transactions/audit_answer.h"
#include "services/transactions/transaction_host.h"
#include "services/transactions/transaction_messages.h"
#include "services/transactions/transaction_verify.h"

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

TransactionHostOptions options_of(const ModulePorts& ports) {
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
  options.transactions_in_memory = static_cast<size_t>(settings.integer("transactions.cache"));
  options.open_changes = static_cast<size_t>(settings.integer("transactions.open_changes"));
  return options;
}

class RunningModule final : public TransactionsModule {
 public:
  explicit RunningModule(ModulePorts ports)
      : ports_(std::move(ports)),
        host_(options_of(ports_), ports_.clock, ports_.random, ports_.timers),
        api_([this]() -> TransactionService& { return host_.service(); }) {
    api_.bind(ports_.registry);
  }

  std::string name() const override { return std::string(kName); }

  Status start() override {
    DUCAT_TRY(host_.start());
    watches_ = kernel::watch_engines(ports_.metrics, kName, [this] { return std::vector{host_.stats()}; });
    watches_.push_back(
        ports_.metrics.watch_gauge("ducat_transactions_waiting", "Changes that wait for their audit record",
                                   {}, [this] { return static_cast<double>(host_.service().waiting()); }));
    return {};
  }

  void stop() override {
    watches_.clear();
    host_.stop();
  }

  Health health() const override {
    kernel::EngineStats stats = host_.stats();
    return kernel::health_of({&stats, 1});
  }

  broker::Source& audit_messages() override { return host_.audit_messages(); }
  broker::Source& business_messages() override { return host_.business_messages(); }
  Task<Status> handle(const broker::Message& message, Executor& home) override {
    return host_.service().handle(message, home);
  }

 private:
  ModulePorts ports_;
  TransactionHost host_;
  TransactionApi api_;
  std::vector<metrics::Watch> watches_;
};

}  // namespace

std::span<const config::Setting> transactions_settings() {
  return kSettings;
}

broker::SubscriptionOptions audit_answers() {
  broker::SubscriptionOptions options;
  options.stream = kAuditStream;
  options.types = {std::string(kAuditCreated), std::string(kAuditFailed)};
  options.group = kName;
  options.max_in_flight = 4096;
  return options;
}

std::unique_ptr<TransactionsModule> make_transactions_module(ModulePorts ports) {
  return std::make_unique<RunningModule>(std::move(ports));
}

int verify_transactions(const config::Settings& settings, const Targets& targets) {
  auto verified = [&]() -> Result<VerifyReport> {
    DUCAT_ASSIGN(auto journal, storage::open(targets(std::string(kName), true)));
    DUCAT_ASSIGN(auto tables, storage::open(targets(std::string(kName), false)));
    return verify_journal(*journal, *tables, settings.duration("idempotency.ttl"));
  }();
  if (!verified) {
    std::fprintf(stderr, "ducat: transactions cannot be verified: %s\n", verified.error().message.c_str());
    return 2;
  }
  std::printf(
      "transactions: %llu events in %llu records, %llu transactions, %llu versions, %llu open\n",
      static_cast<unsigned long long>(verified->events), static_cast<unsigned long long>(verified->records),
      static_cast<unsigned long long>(verified->transactions),
      static_cast<unsigned long long>(verified->versions), static_cast<unsigned long long>(verified->open));
  for (const std::string& violation : verified->violations)
    std::printf("  VIOLATION: %s\n", violation.c_str());
  return verified->violations.empty() ? 0 : 1;
}

}  // namespace ducat::transactions
