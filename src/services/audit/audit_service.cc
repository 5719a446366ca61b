// See audit_service.h.
#include "services/audit/audit_service.h"

#include "services/audit/domain/canonical.h"

namespace ducat::audit {
namespace {

using kernel::Verdict;
using kernel::merkle::NodeReader;

constexpr int kMostChecks = 2;
constexpr int64_t kCheckPage = 2'000;

NodeReader nodes_of(storage::Connection& connection, uint64_t size) {
  return {connection, size,
          [&connection](uint64_t begin, uint64_t count) { return leaf_hashes(connection, begin, count); }};
}

// What the tables give must be the tree that is signed; else somebody has changed them.
Status same_tree(const TreeHead& head, const Result<kernel::merkle::Hash>& root) {
  if (!root) return std::unexpected(root.error());
  if (*root == head.root) return {};
  return fail(Errc::kCorrupt, "the audit log's tables are not those of its tree; verify the log");
}

Result<std::optional<InclusionView>> prove_record(storage::Connection& connection, Uuid id, TreeHead head) {
  std::optional<InclusionView> none;
  uint64_t sequence = sequence_of(id);
  if (sequence == 0 || sequence > head.size) return none;
  DUCAT_ASSIGN(std::optional<StoredRecord> record, find_record(connection, sequence));
  if (!record || record_id(sequence, record->created_at) != id) return none;
  NodeReader nodes = nodes_of(connection, head.size);
  DUCAT_TRY(same_tree(head, kernel::merkle::root_of(head.size, nodes.finder())));
  InclusionView view{sequence - 1, head.size, record->hash, {}, {}, {}};
  DUCAT_ASSIGN(view.path, kernel::merkle::inclusion_path(view.index, view.size, nodes.finder()));
  append_canonical(view.leaf_input, record->record());
  return std::optional(std::move(view));
}

}  // namespace

Task<AppendOutcome> AuditService::append(Entry entry, std::string key, uint64_t fingerprint, Executor& home) {
  AuditSubmission submission(home);
  submission.operation.key = key;
  submission.operation.fingerprint = fingerprint;
  submission.operation.command = Append{entry};
  submission.operation.keeps_answer = true;
  co_await engine_.submit(submission);
  AppendOutcome outcome{submission.operation.verdict, submission.operation.appended};
  co_return outcome;
}

Task<Verdict> AuditService::take_message(Command command, std::string key, Executor& home) {
  AuditSubmission submission(home);
  submission.operation.key = key;
  submission.operation.command = std::move(command);
  co_await engine_.submit(submission);
  co_return submission.operation.verdict;
}

Task<Result<AuditService::Seen>> AuditService::look(Executor& home) {
  AuditSubmission submission(home);
  submission.read_only = true;
  co_await engine_.submit(submission);
  if (submission.operation.verdict != Verdict::kAccepted) {
    co_return fail(Errc::kUnavailable, "the audit log cannot be read now");
  }
  Seen seen{submission.operation.head, submission.seen};
  co_return seen;
}

Task<Result<TreeHead>> AuditService::head(Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  co_return seen->head;
}

Task<Result<std::optional<StoredRecord>>> AuditService::find(Uuid id, Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  auto read = [id](storage::Connection& connection) -> Result<std::optional<StoredRecord>> {
    DUCAT_ASSIGN(std::optional<StoredRecord> found, find_record(connection, sequence_of(id)));
    if (found && record_id(found->sequence, found->created_at) != id) found.reset();
    return found;
  };
  co_return co_await readers_.read<std::optional<StoredRecord>>(home, read);
}

Task<Result<RecordPage>> AuditService::list(ListFilter filter, Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  filter.last = seen->head.size;
  auto read = [&filter](storage::Connection& connection) { return list_records(connection, filter); };
  co_return co_await readers_.read<RecordPage>(home, read);
}

Task<Result<std::vector<StoredRecord>>> AuditService::of_correlation(std::string correlation_id,
                                                                     Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  auto read = [&correlation_id, last = seen->head.size](storage::Connection& connection) {
    return records_of_correlation(connection, correlation_id, last, kMostRecords);
  };
  co_return co_await readers_.read<std::vector<StoredRecord>>(home, read);
}

Task<Result<std::vector<StoredRecord>>> AuditService::of_entity(std::string entity_type,
                                                                std::string entity_id, Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  auto read = [&entity_type, &entity_id, last = seen->head.size](storage::Connection& connection) {
    return records_of_entity(connection, entity_type, entity_id, last, kMostRecords);
  };
  co_return co_await readers_.read<std::vector<StoredRecord>>(home, read);
}

Task<Result<std::optional<InclusionView>>> AuditService::prove(Uuid id, Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  auto read = [id, head = seen->head](storage::Connection& connection) {
    return prove_record(connection, id, head);
  };
  Result<std::optional<InclusionView>> view =
      co_await readers_.read<std::optional<InclusionView>>(home, read);
  if (view && *view) (*view)->checkpoint = sign(seen->head);
  co_return view;
}

Task<Result<ConsistencyView>> AuditService::prove_growth(uint64_t from, Executor& home) {
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  auto read = [from, head = seen->head](storage::Connection& connection) -> Result<ConsistencyView> {
    NodeReader nodes = nodes_of(connection, head.size);
    DUCAT_TRY(same_tree(head, kernel::merkle::root_of(head.size, nodes.finder())));
    ConsistencyView view{from, head.size, {}, {}};
    DUCAT_ASSIGN(view.path, kernel::merkle::consistency_path(from, head.size, nodes.finder()));
    return view;
  };
  Result<ConsistencyView> view = co_await readers_.read<ConsistencyView>(home, read);
  if (view) view->checkpoint = sign(seen->head);
  co_return view;
}

Task<Result<CheckView>> AuditService::check(Executor& home) {
  struct Counted {
    explicit Counted(std::atomic<int>& c) : count(c), number(++c) {}
    ~Counted() { --count; }
    std::atomic<int>& count;
    const int number;
  } counted(checks_);
  if (counted.number > kMostChecks) co_return fail(Errc::kUnavailable, "the log is being verified already");
  Result<Seen> seen = co_await look(home);
  if (!seen) co_return propagate(seen);
  DUCAT_CO_TRY(co_await engine_.wait_written(seen->record, home));
  RecordChecker checker;
  CheckView view;
  // A page at a time, so that other reads come in between.
  while (checker.size() < seen->head.size && !view.broken) {
    auto read = [&checker, &view, size = seen->head.size](storage::Connection& connection) -> Result<bool> {
      int64_t limit = std::min(kCheckPage, static_cast<int64_t>(size - checker.size()));
      DUCAT_ASSIGN(std::vector<StoredRecord> page, records_after(connection, checker.size(), limit));
      for (const StoredRecord& record : page) {
        view.broken = checker.check(record);
        if (view.broken) return false;
      }
      return !page.empty();
    };
    Result<bool> more = co_await readers_.read<bool>(home, read);
    if (!more) co_return propagate(more);
    if (!*more) break;
  }
  if (!view.broken) view.broken = checker.finish(seen->head.size, seen->head.root);
  view.size = checker.size();
  view.root = checker.tree().root();
  co_return view;
}

}  // namespace ducat::audit
