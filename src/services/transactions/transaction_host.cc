// Wiring with real threads; see transaction_host.h.
#include "services/transactions/transaction_host.h"

#include "platform/telemetry/logger.h"
#include "services/transactions/transaction_messages.h"

namespace ducat::transactions {
namespace {

TransactionModelOptions model_options(const TransactionHostOptions& options) {
  TransactionModelOptions model;
  model.audit_timeout = options.service.audit_timeout;
  model.deleted_retention = options.service.deleted_retention;
  model.transactions_in_memory = options.transactions_in_memory;
  model.open_changes = options.open_changes;
  return model;
}

}  // namespace

TransactionHost::TransactionHost(TransactionHostOptions options, Clock& clock, Random& random, Timers& timers)
    : options_(std::move(options)),
      clock_(clock),
      random_(random),
      timers_(timers),
      model_(model_options(options_)) {}

TransactionHost::~TransactionHost() = default;

Status TransactionHost::start() {
  threads_ = std::make_unique<kernel::ServiceThreads>();
  kernel::EngineHostOptions options;
  options.name = "transactions";
  options.journal = options_.journal;
  options.tables = options_.tables;
  options.engine = options_.engine;
  options.together = options_.together;
  host_ = std::make_unique<kernel::EngineHost>(model_, std::move(options), *threads_, clock_, timers_);
  DUCAT_TRY(host_->start());
  audit_messages_ = std::make_unique<kernel::JournalSource>(
      host_->feed(), host_->tables(), "audit_messages", audit_messages_of,
      std::vector<std::string>{"audit.log.create", "audit.log.rollback"});
  business_messages_ = std::make_unique<kernel::JournalSource>(host_->feed(), host_->tables(),
                                                               "business_messages", business_messages_of);
  service_ = std::make_unique<TransactionService>(host_->engine(), host_->readers(), clock_, random_,
                                                  options_.service, options_.cache);
  // Also for those who wait when the lead is lost.
  every(options_.late_interval, &TransactionService::roll_back_late, late_, "transactions.late_failed",
        kernel::EngineHost::When::kAlways);
  every(options_.overdue_interval, &TransactionService::roll_back_overdue, overdue_,
        "transactions.overdue_failed");
  every(options_.purge_interval, &TransactionService::purge, purge_, "transactions.purge_failed");
  return {};
}

void TransactionHost::every(Duration interval, Upkeep upkeep, std::atomic<bool>& running, const char* failed,
                            kernel::EngineHost::When when) {
  // What a coroutine needs is in these flags and in the service: both outlive it, see `stop`.
  host_->every(
      interval,
      [this, upkeep, &running, failed] {
        if (running.exchange(true)) return;
        ducat::start((*service_.*upkeep)(threads_->upkeep), [&running, failed](Result<size_t> done) {
          if (!done) log::error(failed, done.error());
          running = false;
        });
      },
      when);
}

void TransactionHost::stop() {
  if (service_) service_->close();
  // The engine answers whoever waits, so that no task of the service is left hanging.
  if (host_) host_->stop();
  if (!threads_) return;
  threads_->upkeep.stop();
  threads_->readers.stop();
}

}  // namespace ducat::transactions
