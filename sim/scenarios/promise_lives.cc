#include "sim/scenarios/promise_lives.h"

#include "services/audit/audit_messages.h"
#include "services/audit/audit_verify.h"
#include "services/transactions/audit_answer.h"
#include "services/transactions/transaction_messages.h"
#include "services/transactions/transaction_verify.h"

namespace ducat::sim {

using Of = PromiseWatch::Follower::Of;

namespace {

transactions::TransactionModelOptions model_options(const PromisePlan& plan) {
  transactions::TransactionModelOptions options;
  options.audit_timeout = plan.service.audit_timeout;
  options.deleted_retention = plan.service.deleted_retention;
  options.transactions_in_memory = plan.transactions_in_memory;
  options.open_changes = plan.open_changes;
  return options;
}

Status judge(const std::string& who, const std::vector<std::string>& violations) {
  if (violations.empty()) return {};
  return fail(Errc::kCorrupt, who + "'s verifier: " + violations.front());
}

kernel::merkle::CheckpointSigner make_signer() {
  return {"example.org/audit", *security::Ed25519Key::from_seed(std::string(32, 's'))};
}

}  // namespace

TransactionsLife::TransactionsLife(const PromiseGround& ground, const PromisePlan& plan, Random& random)
    : plan_(plan),
      random_(random),
      model_(model_options(plan)),
      process_(ground, plan.transactions, Of::kTransactions, model_) {
  if (plan.bug == PromiseBug::kConfirmedWhenSent) process_.client().confirm_when_sent();
}

Status TransactionsLife::start() {
  DUCAT_TRY(process_.open());
  audit_messages_ = std::make_unique<kernel::JournalSource>(
      process_.feed(), process_.tables(), "audit_messages", transactions::audit_messages_of);
  business_messages_ = std::make_unique<kernel::JournalSource>(
      process_.feed(), process_.tables(), "business_messages", transactions::business_messages_of);
  service_ = std::make_unique<transactions::TransactionService>(process_.engine(), process_.readers(),
                                                                process_.scheduler(), random_, plan_.service);
  begin_upkeep();
  DUCAT_TRY(process_.client().feed(std::string(transactions::kAuditStream), *audit_messages_));
  DUCAT_TRY(process_.client().feed(std::string(transactions::kBusinessStream), *business_messages_));
  broker::ConsumerOptions options;
  options.subscription.stream = transactions::kAuditStream;
  options.subscription.types = {std::string(transactions::kAuditCreated),
                                std::string(transactions::kAuditFailed)};
  options.subscription.group = "transactions";
  options.subscription.max_in_flight = 4096;
  return process_.consume(std::move(options), [this](const broker::Message& message, Executor& home) {
    return service_->handle(message, home);
  });
}

void TransactionsLife::begin_upkeep() {
  Executor& home = process_.executor("upkeep");
  process_.every(plan_.late_every, [this, &home] { return service_->roll_back_late(home); });
  if (plan_.bug != PromiseBug::kForgetsOpen)
    process_.every(plan_.overdue_every, [this, &home] { return service_->roll_back_overdue(home); });
  process_.every(plan_.purge_every, [this, &home] { return service_->purge(home); });
}

void TransactionsLife::stop() {
  if (service_) service_->close();
  process_.stop();
}

Status TransactionsLife::verify() {
  DUCAT_TRY(check_pages(process_.tables()));
  DUCAT_ASSIGN(auto report, transactions::verify_journal(process_.journal(), process_.tables(),
                                                         plan_.transactions.engine.key_life));
  return judge("transactions", report.violations);
}

AuditLife::AuditLife(const PromiseGround& ground, const PromisePlan& plan)
    : plan_(plan),
      signer_(make_signer()),
      buggy_(model_, plan.bug),
      process_(ground, plan.audit, Of::kAudit, buggy_) {
  if (plan.bug == PromiseBug::kConfirmedWhenSent) process_.client().confirm_when_sent();
}

Status AuditLife::start() {
  DUCAT_TRY(process_.open());
  service_ = std::make_unique<audit::AuditService>(process_.engine(), process_.readers(), signer_);
  answers_ = std::make_unique<kernel::JournalSource>(process_.feed(), process_.tables(), "audit_answers",
                                                     audit::answers_of);
  process_.every(plan_.checkpoints_kept_every, [this] { return keep_checkpoint(); });
  DUCAT_TRY(process_.client().feed(std::string(audit::kAuditStream), *answers_));
  broker::ConsumerOptions options;
  options.subscription = audit::audit_subscription();
  return process_.consume(std::move(options), audit_handler(*service_, plan_.bug, early_));
}

// As AuditHost does.
Task<Status> AuditLife::keep_checkpoint() {
  Executor& home = process_.executor("upkeep");
  Result<audit::TreeHead> head = co_await service_->head(home);
  if (!head) co_return propagate(head);
  if (head->size == 0) co_return Status();
  if (!writer_) {
    auto connected = process_.tables().connect(storage::Access::kWriter);
    if (!connected) co_return propagate(connected);
    writer_ = std::move(*connected);
  }
  co_return audit::keep_checkpoint(*writer_, head->size, service_->sign(*head));
}

Status AuditLife::verify() {
  DUCAT_TRY(check_pages(process_.tables()));
  DUCAT_ASSIGN(auto verifier, kernel::merkle::NoteVerifier::parse(signer_.verifier_key()));
  DUCAT_ASSIGN(auto report, audit::verify_log(process_.journal(), process_.tables(), &verifier));
  return judge("audit", report.violations);
}

}  // namespace ducat::sim
