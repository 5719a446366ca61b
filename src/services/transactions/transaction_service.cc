// See transaction_service.h.
#include "services/transactions/transaction_service.h"

#include "services/transactions/audit_answer.h"
#include "services/transactions/store/event_codec.h"

namespace ducat::transactions {
namespace {

using kernel::Verdict;

Error unavailable() {
  return {Errc::kUnavailable, "transactions cannot be read now"};
}

// The transaction a change is about, if it is about one that is there already.
TransactionId subject_of(const Command& command) {
  if (const auto* update = std::get_if<UpdateTransaction>(&command)) return update->id;
  if (const auto* removal = std::get_if<DeleteTransaction>(&command)) return removal->id;
  if (const auto* restore = std::get_if<RestoreTransaction>(&command)) return restore->id;
  return {};
}

bool must_wait(const TransactionOperation& operation) {
  return operation.verdict == Verdict::kRefused &&
         (operation.refusal.kind == RefusalKind::kTransactionIsBusy ||
          operation.refusal.kind == RefusalKind::kKeyIsBusy);
}

// Of a change that was not proposed.
ChangeOutcome outcome_of(const TransactionOperation& operation) {
  switch (operation.verdict) {
    case Verdict::kReplayed:
      return {ChangeResult::kReplayed, operation.transaction, {}};
    case Verdict::kKeyReused:
      return {ChangeResult::kKeyReused, nullptr, {}};
    case Verdict::kRefused:
      return {ChangeResult::kRefused, nullptr, operation.refusal};
    default:
      return {ChangeResult::kUnavailable, nullptr, {}};
  }
}

// Of one that was.
ChangeOutcome outcome_of(Outcome outcome) {
  switch (outcome.kind) {
    case OutcomeKind::kConfirmed:
      return {ChangeResult::kDone, std::move(outcome.transaction), {}};
    case OutcomeKind::kRolledBack:
      return {ChangeResult::kNotAudited, nullptr, {}};
    case OutcomeKind::kTooLate:
      return {ChangeResult::kStillRunning, nullptr, {}};
    case OutcomeKind::kStopping:
      break;
  }
  return {ChangeResult::kUnavailable, nullptr, {}};
}

}  // namespace

Task<ChangeOutcome> TransactionService::change(const ChangeRequest& request, Executor& home) {
  const TransactionId subject = subject_of(request.command);
  const Timestamp give_up = clock_.monotonic() + options_.wait_for_running;
  Turns::Turn turn(turns_, {subject, std::string(request.requester.user_id)}, home);
  if (!subject.none()) {
    bool mine = co_await turns_.take(turn, give_up);
    if (!mine) co_return outcome_of({OutcomeKind::kTooLate, nullptr});
  }
  std::optional<OpenRequests::Waiter> first;  // waits for what must end before
  CorrelationId waited_for;
  for (;;) {
    SingleSubmission submission(home);
    TransactionOperation& operation = submission.operation;
    operation.command = request.command;
    operation.requester = request.requester;
    operation.key = request.requester.idempotency_key;
    operation.fingerprint = request.requester.fingerprint;
    operation.records_key = false;  // the confirmation does
    operation.correlation = {make_uuid7(clock_.now(), random_)};
    OpenRequests::Waiter waiter(open_, operation.correlation, home, true);
    co_await engine_.submit(submission);
    if (operation.verdict == Verdict::kAccepted) {
      Outcome outcome = co_await open_.wait(waiter, clock_.monotonic() + options_.audit_timeout);
      co_return outcome_of(std::move(outcome));
    }
    if (!must_wait(operation)) co_return outcome_of(operation);
    if (!first || waited_for != operation.refusal.open) {
      // Asked once more before waiting: it may have been decided before this request was in the table.
      waited_for = operation.refusal.open;
      first.emplace(open_, waited_for, home, false);
      continue;
    }
    Outcome ended = co_await open_.wait(*first, give_up);
    first.reset();
    if (ended.kind == OutcomeKind::kTooLate || ended.kind == OutcomeKind::kStopping) {
      co_return outcome_of(std::move(ended));
    }
  }
}

// The transaction as this user sees it now; `seen` is the record the tables must reach to show the same.
Task<Result<TransactionRef>> TransactionService::look(TransactionId id, std::string_view user_id,
                                                      Executor& home, kernel::RecordNumber& seen) {
  SingleSubmission submission(home);
  submission.read_only = true;
  submission.operation.command = ReadTransaction{id};
  submission.operation.requester.user_id = user_id;
  co_await engine_.submit(submission);
  if (submission.operation.verdict == Verdict::kUnavailable) co_return std::unexpected(unavailable());
  seen = submission.seen;
  co_return std::move(submission.operation.transaction);
}

Task<Result<TransactionRef>> TransactionService::get(TransactionId id, std::string_view user_id,
                                                     Executor& home) {
  kernel::RecordNumber seen = 0;
  if (engine_.leads()) co_return co_await look(id, user_id, home, seen);
  const std::string name = id.uuid.to_string();
  std::optional<std::string> copy = co_await copies_.find(name, home);
  if (copy) {
    Result<TransactionRef> copied = decode_transaction(*copy);
    if (copied) co_return visible_to(copied->get(), user_id) != nullptr ? *copied : TransactionRef();
  }
  Result<TransactionRef> found = co_await look(id, user_id, home, seen);
  if (found && *found != nullptr) {
    std::string stored;
    encode(stored, **found);
    copies_.keep(name, number_of(id), seen, stored);
  }
  co_return found;
}

Task<Result<ListPage>> TransactionService::list(std::string_view user_id, ListFilter filter, Executor& home) {
  kernel::RecordNumber newest = co_await engine_.latest(home);
  if (newest == 0) co_return std::unexpected(unavailable());
  Status reached = co_await engine_.wait_written(newest, home);
  if (!reached) co_return propagate(reached);
  auto read = [user_id, filter](storage::Connection& connection) {
    return list_transactions(connection, user_id, filter);
  };
  co_return co_await readers_.read<ListPage>(home, read);
}

Task<Result<std::optional<std::vector<StoredVersion>>>> TransactionService::history(
    TransactionId id, std::string_view user_id, int64_t limit, int64_t offset, Executor& home) {
  using Versions = std::optional<std::vector<StoredVersion>>;
  kernel::RecordNumber seen = 0;
  Result<TransactionRef> found = co_await look(id, user_id, home, seen);
  if (!found) co_return propagate(found);
  if (*found == nullptr) co_return Versions();
  Status reached = co_await engine_.wait_written(seen, home);
  if (!reached) co_return propagate(reached);
  auto read = [id, limit, offset](storage::Connection& connection) -> Result<Versions> {
    DUCAT_ASSIGN(std::vector<StoredVersion> versions, versions_of(connection, number_of(id), limit, offset));
    return Versions(std::move(versions));
  };
  co_return co_await readers_.read<Versions>(home, read);
}

Task<Result<TransactionRef>> TransactionService::at(TransactionId id, std::string_view user_id,
                                                    Timestamp time, Executor& home) {
  kernel::RecordNumber seen = 0;
  Result<TransactionRef> found = co_await look(id, user_id, home, seen);
  if (!found || *found == nullptr) co_return found;
  Status reached = co_await engine_.wait_written(seen, home);
  if (!reached) co_return propagate(reached);
  auto read = [id, time](storage::Connection& connection) -> Result<TransactionRef> {
    DUCAT_ASSIGN(std::optional<StoredVersion> version, version_at(connection, number_of(id), time));
    if (!version || version->confirmed.after->deleted_at) return TransactionRef();
    return version->confirmed.after;
  };
  co_return co_await readers_.read<TransactionRef>(home, read);
}

Task<Status> TransactionService::handle(const broker::Message& message, Executor& home) {
  Result<AuditAnswer> answer = read_audit_answer(message);
  if (!answer) co_return propagate(answer);
  SingleSubmission submission(home);
  TransactionOperation& operation = submission.operation;
  if (answer->success) {
    operation.command = ConfirmChange{answer->correlation, answer->audit_log_id};
  } else {
    operation.command = RollBackChange{answer->correlation, answer->error};
  }
  co_await engine_.submit(submission);
  if (operation.verdict == Verdict::kUnavailable) {
    co_return fail(Errc::kUnavailable, "the outcome of a change cannot be written now");
  }
  // Refused: it is decided already, or belongs to another service.
  if (operation.verdict == Verdict::kAccepted) {
    if (answer->success) open_.resolve(answer->correlation, {OutcomeKind::kConfirmed, operation.transaction});
    resolve(operation);
  }
  co_return Status();
}

// Those whose changes the operation has rolled back.
void TransactionService::resolve(const TransactionOperation& operation) {
  for (const CorrelationId& correlation : operation.rolled_back) {
    open_.resolve(correlation, {OutcomeKind::kRolledBack, nullptr});
  }
}

Task<Result<size_t>> TransactionService::roll_back_late(Executor& home) {
  Timestamp now = clock_.monotonic();
  turns_.expire(now);
  std::vector<CorrelationId> due = open_.overdue(now);
  if (due.empty()) co_return size_t{0};
  TransactionSubmission submission(home);
  submission.operations.resize(due.size());
  for (size_t i = 0; i < due.size(); ++i) {
    submission.operations[i].command = RollBackChange{due[i], kReasonTimeout};
  }
  co_await engine_.submit(submission);
  size_t rolled_back = 0;
  for (size_t i = 0; i < due.size(); ++i) {
    const TransactionOperation& operation = submission.operations[i];
    rolled_back += operation.rolled_back.size();
    if (operation.verdict == Verdict::kAccepted) resolve(operation);
    // Whether it will be visible is not known: the retry with its key finds out. (Refused: who has decided
    // on it answers its request.)
    if (operation.verdict == Verdict::kUnavailable) open_.resolve(due[i], {OutcomeKind::kStopping, nullptr});
  }
  co_return rolled_back;
}

Task<Result<size_t>> TransactionService::roll_back_overdue(Executor& home) {
  SingleSubmission submission(home);
  submission.operation.command = RollBackOverdue{};
  co_await engine_.submit(submission);
  if (submission.operation.verdict != Verdict::kAccepted) co_return std::unexpected(unavailable());
  resolve(submission.operation);
  co_return submission.operation.rolled_back.size();
}

Task<Result<size_t>> TransactionService::purge(Executor& home) {
  constexpr int64_t kAtOnce = 500;
  Timestamp before = clock_.now() - options_.deleted_retention;
  auto find = [before](storage::Connection& connection) {
    return deleted_before(connection, before, kAtOnce);
  };
  Result<std::vector<TransactionId>> due = co_await readers_.read<std::vector<TransactionId>>(home, find);
  if (!due) co_return propagate(due);
  if (due->empty()) co_return size_t{0};
  TransactionSubmission submission(home);
  submission.operations.resize(due->size());
  for (size_t i = 0; i < due->size(); ++i) submission.operations[i].command = PurgeTransaction{(*due)[i]};
  co_await engine_.submit(submission);
  size_t purged = 0;
  for (const TransactionOperation& operation : submission.operations) {
    purged += operation.verdict == Verdict::kAccepted;
  }
  co_return purged;
}

void TransactionService::close() {
  open_.close();
  turns_.close();
}

}  // namespace ducat::transactions
