// The two services of the promise, each from its start to its end: production's models, services, sources of
// messages, parsers and handlers, put together as their modules do, without the threads.
#pragma once

#include <memory>

#include "kernel/messaging/journal_source.h"
#include "services/audit/audit_service.h"
#include "services/transactions/transaction_model.h"
#include "services/transactions/transaction_service.h"
#include "sim/scenarios/promise_bugs.h"
#include "sim/scenarios/promise_process.h"

namespace ducat::sim {

struct PromisePlan {
  EnginePlan transactions;
  EnginePlan audit;
  SimBrokerPlan broker;
  transactions::TransactionServiceOptions service;
  size_t transactions_in_memory = 0;
  size_t open_changes = 0;
  Duration late_every, overdue_every, purge_every;
  Duration checkpoints_kept_every;
  int clients = 0;
  int sends_per_client = 0;
  int crashes = 0;
  Duration crash_every;  // about
  Duration downtime;     // at most
  bool faulty_disks = false;
  PromiseBug bug = PromiseBug::kNone;

  static PromisePlan draw(Random& random, PromiseBug bug);
};

// Made anew for each life, as PromiseProcess says.
class PromiseLife {
 public:
  virtual ~PromiseLife() = default;
  virtual Status start() = 0;
  virtual void stop() = 0;
  virtual bool stopped() const = 0;
  virtual PromiseProcess& process() = 0;
  // Production's own verifier on the journal and the tables. kCorrupt: what it has found.
  virtual Status verify() = 0;
};

class TransactionsLife final : public PromiseLife {
 public:
  // `random` makes ids.
  TransactionsLife(const PromiseGround& ground, const PromisePlan& plan, Random& random);

  Status start() override;
  void stop() override;
  bool stopped() const override { return process_.stopped() && calls_ == 0; }
  PromiseProcess& process() override { return process_; }
  Status verify() override;

  // For clients: such a call counts, and the life does not end before it.
  transactions::TransactionService& service() { return *service_; }
  struct Call {
    explicit Call(TransactionsLife& life) : calls(life.calls_) { ++calls; }
    ~Call() { --calls; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    int& calls;
  };

 private:
  void begin_upkeep();

  const PromisePlan& plan_;
  Random& random_;
  transactions::TransactionModel model_;
  int calls_ = 0;
  PromiseProcess process_;
  std::unique_ptr<kernel::JournalSource> audit_messages_, business_messages_;
  std::unique_ptr<transactions::TransactionService> service_;
};

class AuditLife final : public PromiseLife {
 public:
  AuditLife(const PromiseGround& ground, const PromisePlan& plan);

  Status start() override;
  void stop() override { process_.stop(); }
  bool stopped() const override { return process_.stopped() && early_ == 0 && calls == 0; }
  PromiseProcess& process() override { return process_; }
  Status verify() override;

  audit::AuditService& service() { return *service_; }
  int calls = 0;

 private:
  Task<Status> keep_checkpoint();

  const PromisePlan& plan_;
  const kernel::merkle::CheckpointSigner signer_;
  audit::AuditModel model_;
  BuggyAudit buggy_;
  int early_ = 0;
  PromiseProcess process_;
  std::unique_ptr<storage::Connection> writer_;
  std::unique_ptr<kernel::JournalSource> answers_;
  std::unique_ptr<audit::AuditService> service_;
};

}  // namespace ducat::sim
