// From commands to events, states and rows.
#include "services/transactions/transaction_model.h"

#include "base/check.h"
#include "services/transactions/store/event_codec.h"
#include "services/transactions/store/queries.h"

namespace ducat::transactions {
namespace {

constexpr char kAnswerVersion = 1;
constexpr size_t kOverdueAtOnce = 1'000;

// The transaction a command is about, if it is about one that is there already.
TransactionId subject_of(const Command& command) {
  return std::visit(
      [](const auto& each) -> TransactionId {
        if constexpr (requires { each.id; }) {
          return each.id;
        } else {
          return {};
        }
      },
      command);
}

}  // namespace

Status TransactionModel::open(storage::Database& tables) {
  DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
  DUCAT_TRY(migrate_transaction_tables(*writer));
  DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kReader));
  return {};
}

Status TransactionModel::load(std::span<kernel::Submission* const> batch) {
  std::vector<Position> missing;
  for (kernel::Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i) {
      TransactionId id = subject_of(static_cast<const TransactionOperation&>(submission->at(i)).command);
      if (id.none() || cache_.peek(number_of(id)) != nullptr) continue;
      missing.push_back(number_of(id));
    }
  }
  if (missing.empty()) return {};
  DUCAT_ASSIGN(std::vector<TransactionRef> found, find_transactions(*connection_, missing));
  for (const TransactionRef& transaction : found) cache_.put(number_of(transaction->id), transaction);
  return {};
}

bool TransactionModel::decide(kernel::Operation& base, kernel::DecideContext& context) {
  auto& operation = static_cast<TransactionOperation&>(base);
  operation.transaction = nullptr;  // a read may be decided a second time
  return std::visit([&](const auto& command) { return carry_out(command, operation, context); },
                    operation.command);
}

bool TransactionModel::carry_out(const ReadTransaction& command, TransactionOperation& operation,
                                 kernel::DecideContext&) {
  operation.transaction = find(command.id);
  if (visible_to(operation.transaction.get(), operation.requester.user_id) != nullptr) return true;
  operation.transaction = nullptr;
  operation.refusal = {.kind = RefusalKind::kNotFound};
  return false;
}

bool TransactionModel::carry_out(const CreateTransaction& command, TransactionOperation& operation,
                                 kernel::DecideContext& context) {
  if (!may_propose(operation)) return false;
  return propose(ducat::transactions::decide(command, context_of(operation, context)), operation, context);
}

template <typename ChangeCommand>
bool TransactionModel::carry_out(const ChangeCommand& command, TransactionOperation& operation,
                                 kernel::DecideContext& context) {
  if (!may_propose(operation)) return false;
  TransactionRef transaction = find(command.id);
  // A stranger's question must not depend on what is open.
  bool own = transaction != nullptr && transaction->user_id == operation.requester.user_id;
  if (auto busy = open_transactions_.find(command.id); own && busy != open_transactions_.end()) {
    operation.refusal = {.kind = RefusalKind::kTransactionIsBusy, .open = busy->second};
    return false;
  }
  return propose(ducat::transactions::decide(transaction.get(), command, context_of(operation, context)),
                 operation, context);
}

// Whether nothing that is open stands in the way of this caller's next change.
bool TransactionModel::may_propose(TransactionOperation& operation) {
  const Requester& requester = operation.requester;
  auto same_key =
      requester.idempotency_key.empty() ? open_keys_.end() : open_keys_.find(requester.idempotency_key);
  if (same_key != open_keys_.end()) {
    bool reused = find_open(same_key->second)->change.fingerprint != requester.fingerprint;
    operation.refusal = {.kind = reused ? RefusalKind::kKeyReused : RefusalKind::kKeyIsBusy,
                         .open = same_key->second};
    return false;
  }
  if (open_.size() >= options_.open_changes) {
    operation.refusal = {.kind = RefusalKind::kTooManyOpen};
    return false;
  }
  return true;
}

Context TransactionModel::context_of(const TransactionOperation& operation,
                                     const kernel::DecideContext& context) const {
  Context known;
  known.now = context.now;
  known.correlation = operation.correlation;
  known.new_id = make_transaction_id(context.now, context.record.next_position());
  known.audit_timeout = options_.audit_timeout;
  known.deleted_retention = options_.deleted_retention;
  known.requester = operation.requester;
  return known;
}

bool TransactionModel::propose(Decision decision, TransactionOperation& operation,
                               kernel::DecideContext& context) {
  if (!decision) {
    operation.refusal = decision.error();
    return false;
  }
  operation.transaction = decision->after;
  TransactionId id = decision->after->id;
  emit(id, Event(std::move(*decision)), context.record);
  return true;
}

bool TransactionModel::carry_out(const ConfirmChange& command, TransactionOperation& operation,
                                 kernel::DecideContext& context) {
  const Open* open = find_open(command.correlation);
  auto confirmed = ducat::transactions::decide(open == nullptr ? nullptr : &open->change, command);
  if (!confirmed) {
    operation.refusal = confirmed.error();
    return false;
  }
  operation.transaction = confirmed->after;
  // The key enters with the effect, in this record.
  operation.own_key = open->change.idempotency_key;
  operation.key = operation.own_key;
  operation.fingerprint = open->change.fingerprint;
  TransactionId id = confirmed->after->id;
  emit(id, Event(std::move(*confirmed)), context.record);
  return true;
}

bool TransactionModel::carry_out(const RollBackChange& command, TransactionOperation& operation,
                                 kernel::DecideContext& context) {
  const Open* open = find_open(command.correlation);
  auto rolled_back = ducat::transactions::decide(open == nullptr ? nullptr : &open->change, command);
  if (!rolled_back) {
    operation.refusal = rolled_back.error();
    return false;
  }
  operation.rolled_back.push_back(command.correlation);
  TransactionId id = rolled_back->transaction;
  emit(id, Event(std::move(*rolled_back)), context.record);
  return true;
}

bool TransactionModel::carry_out(const RollBackOverdue&, TransactionOperation& operation,
                                 kernel::DecideContext& context) {
  std::vector<CorrelationId> overdue;
  for (const auto& [correlation, open] : open_) {
    if (overdue.size() == kOverdueAtOnce) break;
    if (open.change.deadline <= context.now) overdue.push_back(correlation);
  }
  for (const CorrelationId& correlation : overdue) {
    carry_out(RollBackChange{correlation, kReasonTimeout}, operation, context);
  }
  return true;
}

bool TransactionModel::carry_out(const PurgeTransaction& command, TransactionOperation& operation,
                                 kernel::DecideContext& context) {
  if (auto busy = open_transactions_.find(command.id); busy != open_transactions_.end()) {
    operation.refusal = {.kind = RefusalKind::kTransactionIsBusy, .open = busy->second};
    return false;
  }
  auto purged =
      ducat::transactions::decide(find(command.id).get(), command, context.now, options_.deleted_retention);
  if (!purged) {
    operation.refusal = purged.error();
    return false;
  }
  emit(command.id, Event(*purged), context.record);
  return true;
}

TransactionRef TransactionModel::find(const TransactionId& id) {
  TransactionCache::Entry* entry = cache_.find(number_of(id));
  bool found = entry != nullptr && entry->transaction != nullptr && entry->transaction->id == id;
  return found ? entry->transaction : nullptr;
}

const TransactionModel::Open* TransactionModel::find_open(const CorrelationId& correlation) const {
  auto found = open_.find(correlation);
  return found == open_.end() ? nullptr : &found->second;
}

void TransactionModel::emit(const TransactionId& transaction, const Event& event,
                            kernel::RecordBuilder& record) {
  body_.clear();
  encode(body_, event);
  Position position = record.next_position();
  record.event(number_of(transaction), body_);
  std::visit([&](const auto& each) { evolve(each, position, body_); }, event);
}

void TransactionModel::evolve(const ChangeProposed& event, Position position, std::string_view body) {
  changes().opened.push_back({position, changes().keep(body)});
  add_open(position, open_change_of(event));
}

void TransactionModel::evolve(const ChangeConfirmed& event, Position, std::string_view body) {
  close(event.correlation);
  changes().versions.push_back({event.after, changes().keep(body)});
  touch(number_of(event.after->id), event.after);
}

void TransactionModel::evolve(const ChangeRolledBack& event, Position, std::string_view) {
  close(event.correlation);
}

void TransactionModel::evolve(const TransactionPurged& event, Position, std::string_view) {
  changes().purged.push_back(number_of(event.transaction));
  touch(number_of(event.transaction), nullptr);
}

void TransactionModel::add_open(Position position, OpenChange change) {
  CorrelationId correlation = change.correlation;
  auto [added, fresh] = open_.emplace(correlation, Open{position, std::move(change)});
  DUCAT_CHECK(fresh, "a correlation id names one change");
  const OpenChange& open = added->second.change;
  open_transactions_.emplace(open.after->id, correlation);
  if (!open.idempotency_key.empty()) open_keys_.emplace(open.idempotency_key, correlation);
}

void TransactionModel::close(const CorrelationId& correlation) {
  auto found = open_.find(correlation);
  DUCAT_CHECK(found != open_.end(), "what is decided was open");
  const Open& open = found->second;
  changes().closed.push_back(open.position);
  open_transactions_.erase(open.change.after->id);
  if (!open.change.idempotency_key.empty()) open_keys_.erase(open.change.idempotency_key);
  open_.erase(found);
}

void TransactionModel::touch(Position number, TransactionRef transaction) {
  TransactionCache::Entry& entry = cache_.put(number, std::move(transaction));
  if (entry.touched) return;
  entry.touched = true;
  touched_.push_back(number);
}

TransactionChanges& TransactionModel::changes() {
  if (!changes_) changes_ = std::make_unique<TransactionChanges>();
  return *changes_;
}

std::unique_ptr<kernel::Changes> TransactionModel::take_changes(kernel::RecordNumber record) {
  for (Position number : touched_) {
    TransactionCache::Entry* entry = cache_.peek(number);
    DUCAT_CHECK(entry != nullptr, "what a batch has changed stays in memory");
    entry->touched = false;
    entry->pinned_by = record;
  }
  touched_.clear();
  return std::move(changes_);
}

void TransactionModel::written(kernel::RecordNumber record) {
  cache_.evict(record);
}

Status TransactionModel::forget() {
  cache_.clear();
  open_keys_.clear();
  open_transactions_.clear();
  open_.clear();
  changes_.reset();
  touched_.clear();
  DUCAT_ASSIGN(std::vector<StoredProposal> open, open_proposals(*connection_));
  for (const StoredProposal& stored : open) add_open(stored.position, open_change_of(stored.proposed));
  return {};
}

Status TransactionModel::replay(Position position, uint64_t, std::string_view body, Timestamp) {
  DUCAT_ASSIGN(Event event, ducat::transactions::decode(body));
  const auto* confirmed = std::get_if<ChangeConfirmed>(&event);
  const auto* rolled_back = std::get_if<ChangeRolledBack>(&event);
  if (confirmed != nullptr || rolled_back != nullptr) {
    if (find_open(confirmed != nullptr ? confirmed->correlation : rolled_back->correlation) == nullptr) {
      return fail(Errc::kCorrupt, "an event decides on a change that is not open");
    }
  }
  std::visit([&](const auto& each) { evolve(each, position, body); }, event);
  return {};
}

Status TransactionModel::write(storage::Connection& connection,
                               std::span<const kernel::Changes* const> changes) {
  return write_transaction_changes(connection, changes);
}

void TransactionModel::encode_answer(const kernel::Operation& base, std::string& out) const {
  const auto& operation = static_cast<const TransactionOperation&>(base);
  out.push_back(kAnswerVersion);
  encode(out, *operation.transaction);
}

Status TransactionModel::decode_answer(std::string_view stored, kernel::Operation& base) const {
  auto& operation = static_cast<TransactionOperation&>(base);
  if (stored.empty() || stored[0] != kAnswerVersion) {
    return fail(Errc::kCorrupt, "a stored answer is of an unknown version");
  }
  DUCAT_ASSIGN(operation.transaction, decode_transaction(stored.substr(1)));
  return {};
}

}  // namespace ducat::transactions
