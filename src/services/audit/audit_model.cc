// See audit_model.h.
#include "services/audit/audit_model.h"

#include "base/bytes.h"
#include "base/check.h"
#include "services/audit/domain/canonical.h"
#include "services/audit/store/event_codec.h"
#include "services/audit/store/queries.h"

namespace ducat::audit {
namespace {

constexpr uint64_t kStream = 1;  // there is one log
constexpr uint8_t kAnswerVersion = 1;

enum AnswerFlag : uint8_t { kHasHashes = 1 };

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

// The correlation id whose state the command is decided on; empty: none.
std::string_view correlation_of(const Command& command) {
  return std::visit(
      Overloaded{[](const ReadHead&) { return std::string_view(); },
                 [](const Append& c) { return c.entry.correlation_id.value_or(std::string_view()); },
                 [](const Propose& c) { return c.entry.correlation_id.value_or(std::string_view()); },
                 [](const RefuseProposal&) { return std::string_view(); },
                 [](const RollBack& c) { return c.correlation_id; }},
      command);
}

// What the tables know, with what was seen since.
Correlation merged(Correlation stored, const Correlation& newer) {
  for (size_t i = 0; i < kActions; ++i) {
    if (stored.proposals[i].sequence == 0) stored.proposals[i] = newer.proposals[i];
  }
  if (stored.rolled_back_by == 0) stored.rolled_back_by = newer.rolled_back_by;
  if (!stored.subject) stored.subject = newer.subject;
  return stored;
}

}  // namespace

Status AuditModel::open(storage::Database& tables) {
  DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
  DUCAT_TRY(migrate_audit_tables(*writer));
  DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kReader));
  return {};
}

Status AuditModel::load(std::span<kernel::Submission* const> batch) {
  drop_idle();
  std::vector<std::string_view> missing;
  for (kernel::Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i) {
      std::string_view id = correlation_of(static_cast<const AuditOperation&>(submission->at(i)).command);
      if (id.empty()) continue;
      auto known = known_.find(id);
      if (known == known_.end()) {
        known_.emplace(id, Known{.complete = true});
        idle_.emplace_back(id);
        missing.push_back(id);
      } else if (!known->second.complete) {
        known->second.complete = true;
        missing.push_back(id);
      }
    }
  }
  if (missing.empty()) return {};
  auto found = find_correlations(*connection_, missing);
  if (!found) {
    for (std::string_view id : missing) known_.find(id)->second.complete = false;
    return propagate(found);
  }
  for (StoredCorrelation& stored : *found) {
    Known& known = known_.find(stored.id)->second;
    known.state = merged(std::move(stored.state), known.state);
  }
  return {};
}

// What the last batch has looked at and not changed is in the tables as it is.
void AuditModel::drop_idle() {
  for (const std::string& id : idle_) {
    auto known = known_.find(id);
    if (known != known_.end() && !known->second.touched && known->second.pinned_by == 0) known_.erase(known);
  }
  idle_.clear();
}

const Correlation& AuditModel::state_of(std::string_view correlation_id) const {
  static const Correlation kNothing;
  auto known = known_.find(correlation_id);
  return known == known_.end() ? kNothing : known->second.state;
}

bool AuditModel::decide(kernel::Operation& base, kernel::DecideContext& context) {
  auto& operation = static_cast<AuditOperation&>(base);
  operation.appended = {};
  if (std::holds_alternative<ReadHead>(operation.command)) {
    operation.head = {tree_.size(), tree_.root()};
    return true;
  }
  std::string_view correlation = correlation_of(operation.command);
  const Correlation& state = state_of(correlation);
  std::optional<Event> event = std::visit(
      Overloaded{
          [](const ReadHead&) { return std::optional<Event>(); },
          [&](const auto& command) { return ducat::audit::decide(state, end_, context.now, command); }},
      operation.command);
  if (event) emit(*event, context.record, operation);
  return true;
}

void AuditModel::emit(const Event& event, kernel::RecordBuilder& record, AuditOperation& operation) {
  canonical_.clear();
  body_.clear();
  Digest hash{};
  bool appends = event.type == EventType::kRecordAppended;
  if (appends) {
    append_canonical(canonical_, event.record);
    hash = kernel::merkle::leaf_hash(canonical_);
  }
  encode(body_, event, canonical_);
  record.event(kStream, body_);
  if (!appends) return;
  record.leaf(kernel::merkle::bytes_of(hash));
  operation.appended = {event.record.sequence, event.record.created_at, hash, event.record.previous,
                        event.rolled_back_by};
  append(event, canonical_, hash);
}

void AuditModel::append(const Event& event, std::string_view canonical, const Digest& hash) {
  if (!changes_) changes_ = std::make_unique<AuditChanges>();
  changes_->keep(event, canonical, hash);
  tree_.append(hash, [this](kernel::merkle::NodeId id, const kernel::merkle::Hash& node) {
    if (id.level >= kernel::merkle::kStoredLevel) changes_->nodes.push_back({id, node});
  });
  end_ = {event.record.sequence, hash, event.record.created_at};
  if (is_decisive(event)) remember(*event.record.entry.correlation_id, event);
}

void AuditModel::remember(std::string_view correlation_id, const Event& event) {
  auto known = known_.find(correlation_id);
  if (known == known_.end()) known = known_.emplace(correlation_id, Known{}).first;
  evolve(known->second.state, event);
  if (known->second.touched) return;
  known->second.touched = true;
  touched_.push_back(&*known);
}

std::unique_ptr<kernel::Changes> AuditModel::take_changes(kernel::RecordNumber record) {
  for (KnownMap::value_type* known : touched_) {
    known->second.touched = false;
    known->second.pinned_by = record;
    pinned_.emplace_back(record, known);
  }
  touched_.clear();
  return std::move(changes_);
}

void AuditModel::written(kernel::RecordNumber record) {
  for (; !pinned_.empty() && pinned_.front().first <= record; pinned_.pop_front()) {
    auto [pinned_by, known] = pinned_.front();
    // Changed again since: a later entry of the queue is about it.
    if (known->second.pinned_by != pinned_by) continue;
    if (known->second.touched) {
      known->second.pinned_by = 0;
    } else {
      known_.erase(known_.find(known->first));
    }
  }
}

Status AuditModel::forget() {
  known_.clear();
  touched_.clear();
  pinned_.clear();
  idle_.clear();
  changes_.reset();
  end_ = {};
  DUCAT_ASSIGN(uint64_t last, last_sequence(*connection_));
  kernel::merkle::NodeReader nodes(*connection_, last, [this](uint64_t begin, uint64_t count) {
    return leaf_hashes(*connection_, begin, count);
  });
  DUCAT_ASSIGN(tree_, nodes.tree());
  if (last == 0) return {};
  DUCAT_ASSIGN(std::optional<StoredRecord> record, find_record(*connection_, last));
  if (!record) return fail(Errc::kCorrupt, "the audit log's last record is gone");
  end_ = {last, record->hash, record->created_at};
  return {};
}

Status AuditModel::replay(kernel::Position, uint64_t, std::string_view body, Timestamp) {
  DUCAT_ASSIGN(StoredEventView stored, decode_view(body));
  if (stored.event.type != EventType::kRecordAppended) return {};
  const Record& record = stored.event.record;
  if (record.sequence != end_.sequence + 1 || record.previous != end_.hash) {
    return fail(Errc::kCorrupt, "audit record " + std::to_string(record.sequence) +
                                    " does not follow record " + std::to_string(end_.sequence));
  }
  append(stored.event, stored.canonical, kernel::merkle::leaf_hash(stored.canonical));
  return {};
}

Status AuditModel::write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) {
  return write_audit_changes(connection, changes);
}

void AuditModel::encode_answer(const kernel::Operation& base, std::string& out) const {
  const auto& operation = static_cast<const AuditOperation&>(base);
  const Appended& appended = operation.appended;
  bool hashes = operation.keeps_answer && appended.sequence != 0;
  ByteWriter writer(out);
  writer.u8(kAnswerVersion);
  writer.u8(hashes ? kHasHashes : 0);
  writer.varint(appended.sequence);
  if (!hashes) return;
  writer.varint(static_cast<uint64_t>(appended.created_at.millis()));
  writer.varint(appended.rolled_back_by);
  writer.raw(appended.hash.data(), appended.hash.size());
  writer.raw(appended.previous.data(), appended.previous.size());
}

Status AuditModel::decode_answer(std::string_view stored, kernel::Operation& base) const {
  Appended& appended = static_cast<AuditOperation&>(base).appended;
  appended = {};
  ByteReader reader(stored);
  if (reader.u8() != kAnswerVersion) return fail(Errc::kCorrupt, "a stored answer is of an unknown version");
  uint8_t flags = reader.u8();
  appended.sequence = reader.varint();
  if (flags & kHasHashes) {
    appended.created_at = {static_cast<int64_t>(reader.varint()) * 1000};
    appended.rolled_back_by = reader.varint();
    reader.raw(appended.hash.data(), appended.hash.size());
    reader.raw(appended.previous.data(), appended.previous.size());
  }
  if (!reader.complete()) return fail(Errc::kCorrupt, "a stored answer is damaged");
  return {};
}

}  // namespace ducat::audit
