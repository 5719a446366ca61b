// The service of transactions: carries out changes and reads, for whoever calls. A change is proposed in one
// commit, which also owes its audit message (the journal is the outbox); then the request waits, parked,
// until the audit service's answer, or the end of its time, has been decided on in another. Holds no rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernel/engine/engine.h"
#include "kernel/engine/follower_cache.h"
#include "platform/broker/broker.h"
#include "platform/runtime/task.h"
#include "platform/storage/reader_pool.h"
#include "services/transactions/open_requests.h"
#include "services/transactions/store/queries.h"
#include "services/transactions/transaction_command.h"
#include "services/transactions/turns.h"

namespace ducat::transactions {

// What a caller wants changed. Views live until the task has ended. `command` is one of the four changes.
struct ChangeRequest {
  Requester requester;
  Command command;
};

enum class ChangeResult : uint8_t {
  kDone,          // visible from now on
  kReplayed,      // its key was used before: the answer is the first one's
  kRefused,       // a business rule said no; nothing happened
  kKeyReused,     // its key was used before with another payload; nothing happened
  kNotAudited,    // rolled back: no audit record, or none in time
  kStillRunning,  // another change, of its key or of its transaction, took too long to wait for
  kUnavailable,   // not done, or not known to be: try again with the same key
};

struct ChangeOutcome {
  ChangeResult result = ChangeResult::kUnavailable;
  TransactionRef transaction;  // kDone, kReplayed
  Refusal refusal;             // kRefused
};

struct TransactionServiceOptions {
  Duration audit_timeout = Duration::seconds(10);     // for the audit service to answer
  Duration wait_for_running = Duration::seconds(10);  // for a change that must end first
  size_t waiting_changes = 256;                       // of one transaction
  Duration deleted_retention = Duration::seconds(30 * 86'400);
};

// Thread-safe. Tasks must have ended before it is destroyed: `close`, then the engine's stop, see to that.
class TransactionService {
 public:
  // `cache`: for copies of transactions while we follow; null: none.
  TransactionService(kernel::Engine& engine, storage::ReaderPool& readers, Clock& clock, Random& random,
                     TransactionServiceOptions options, cache::Cache* cache = nullptr)
      : engine_(engine),
        readers_(readers),
        copies_(cache, engine, "transactions"),
        clock_(clock),
        random_(random),
        options_(options),
        turns_(options.waiting_changes) {}

  // The request must live until the task has ended.
  Task<ChangeOutcome> change(const ChangeRequest& request, Executor& home);

  // Null: there is none that this user sees.
  Task<Result<TransactionRef>> get(TransactionId id, std::string_view user_id, Executor& home);
  Task<Result<ListPage>> list(std::string_view user_id, ListFilter filter, Executor& home);
  // Newest first; nothing if there is no such transaction. A page of `limit` after `offset`.
  Task<Result<std::optional<std::vector<StoredVersion>>>> history(TransactionId id, std::string_view user_id,
                                                                  int64_t limit, int64_t offset,
                                                                  Executor& home);
  // As it was then; null if there is or was none.
  Task<Result<TransactionRef>> at(TransactionId id, std::string_view user_id, Timestamp time, Executor& home);

  // The audit service's answers, for a broker::Consumer (types kAuditCreated and kAuditFailed). Safe to
  // repeat: a change that is decided stays so. OK: the decision is durable.
  Task<Status> handle(const broker::Message& message, Executor& home);

  // Rolls back the changes whose requests have waited long enough, and answers those; how many. To be called
  // often: requests are late by as much.
  Task<Result<size_t>> roll_back_late(Executor& home);
  // Rolls back what is open beyond its deadline though nobody waits for it: what a crash has left.
  Task<Result<size_t>> roll_back_overdue(Executor& home);
  // Removes deleted transactions whose retention is over; how many.
  Task<Result<size_t>> purge(Executor& home);

  // Answers all that wait with kUnavailable, and later ones at once.
  void close();
  // Requests that wait for an outcome.
  size_t waiting() const { return open_.size(); }

 private:
  Task<Result<TransactionRef>> look(TransactionId id, std::string_view user_id, Executor& home,
                                    kernel::RecordNumber& seen);
  void resolve(const TransactionOperation& operation);

  kernel::Engine& engine_;
  storage::ReaderPool& readers_;
  kernel::FollowerCache copies_;
  Clock& clock_;
  Random& random_;
  const TransactionServiceOptions options_;
  OpenRequests open_;
  Turns turns_;
};

}  // namespace ducat::transactions
