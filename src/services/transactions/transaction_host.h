// The service of transactions, running: its engine, the messages its journal makes, and the work that comes
// with time. Knows no configuration and no HTTP; module.cc does.
#pragma once

#include <atomic>
#include <memory>

#include "kernel/engine/engine_host.h"
#include "kernel/messaging/journal_source.h"
#include "services/transactions/transaction_model.h"
#include "services/transactions/transaction_service.h"

namespace ducat::transactions {

struct TransactionHostOptions {
  storage::StorageTarget journal;
  storage::StorageTarget tables;
  kernel::EngineOptions engine;
  TransactionServiceOptions service;
  kernel::LeadTogether* together = nullptr;  // kernel::EngineHostOptions
  cache::Cache* cache = nullptr;             // for copies of transactions while we follow; outlives the host
  size_t transactions_in_memory = 200'000;
  size_t open_changes = 100'000;
  Duration late_interval = Duration::millis(50);     // how exactly a request's time is kept
  Duration overdue_interval = Duration::seconds(1);  // for what nobody waits for
  Duration purge_interval = Duration::seconds(60);
};

// Start once, stop once. `service` and `stats` are thread-safe in between; the sources until the end of
// `stop`. The timers' thread ends before it is destroyed.
class TransactionHost {
 public:
  TransactionHost(TransactionHostOptions options, Clock& clock, Random& random, Timers& timers);
  ~TransactionHost();

  // Opens, leads and recovers; blocks. Errors say what is in the way.
  Status start();
  // Answers who waits, finishes what was accepted; blocks.
  void stop();

  TransactionService& service() { return *service_; }
  broker::Source& audit_messages() { return *audit_messages_; }
  broker::Source& business_messages() { return *business_messages_; }
  kernel::EngineHost& engine() { return *host_; }
  bool started() const { return host_ != nullptr; }
  bool leads() const { return host_ && host_->leads(); }
  kernel::EngineStats stats() const { return host_ ? host_->stats() : kernel::EngineStats{}; }

 private:
  // Calls the service's upkeep so often; one that is slow does not run twice at a time.
  using Upkeep = Task<Result<size_t>> (TransactionService::*)(Executor&);
  void every(Duration interval, Upkeep upkeep, std::atomic<bool>& running, const char* failed,
             kernel::EngineHost::When when = kernel::EngineHost::When::kLeading);

  const TransactionHostOptions options_;
  Clock& clock_;
  Random& random_;
  Timers& timers_;
  TransactionModel model_;
  std::atomic<bool> late_{false}, overdue_{false}, purge_{false};
  std::unique_ptr<kernel::ServiceThreads> threads_;
  std::unique_ptr<kernel::EngineHost> host_;
  std::unique_ptr<kernel::JournalSource> audit_messages_;
  std::unique_ptr<kernel::JournalSource> business_messages_;
  std::unique_ptr<TransactionService> service_;
};

}  // namespace ducat::transactions
