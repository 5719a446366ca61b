// See invariants.h.
#include "services/audit/domain/invariants.h"

#include "base/hash.h"

namespace ducat::audit {
namespace {

std::string numbered(uint64_t sequence, std::string_view what) {
  return "record " + std::to_string(sequence) + " " + std::string(what);
}

bool appends(const Step& step) {
  return step.event.type == EventType::kRecordAppended;
}

std::string_view correlation_of(const Event& event) {
  return event.type == EventType::kRecordAppended ? event.record.entry.correlation_id.value_or("")
                                                  : event.correlation_id;
}

}  // namespace

Violation SequenceHasNoGaps::after_event(const Step& step) {
  if (!appends(step)) return std::nullopt;
  const Record& record = step.event.record;
  uint64_t expected = last_ + 1;
  Timestamp before = at_;
  last_ = record.sequence;
  at_ = record.created_at;
  if (record.sequence != expected)
    return numbered(record.sequence, "stands where " + std::to_string(expected) + " belongs");
  if (record.created_at < before) return numbered(record.sequence, "is older than the one before");
  return std::nullopt;
}

Violation ChainHolds::after_event(const Step& step) {
  if (!appends(step)) return std::nullopt;
  Digest before = last_;
  last_ = step.hash;
  if (step.event.record.previous == before) return std::nullopt;
  return numbered(step.event.record.sequence, "does not name the hash of the one before");
}

Violation ProposalsAreRecordedOnce::after_event(const Step& step) {
  if (!appends(step) || !step.event.proposed) return std::nullopt;
  const Entry& entry = step.event.record.entry;
  uint64_t key = hash64(entry.correlation_id.value_or(""), static_cast<uint64_t>(entry.action));
  if (seen_.insert(key).second) return std::nullopt;
  return numbered(step.event.record.sequence, "is the second of its correlation and action");
}

Violation RollbacksAreFinal::after_event(const Step& step) {
  const Event& event = step.event;
  uint64_t key = hash64(correlation_of(event));
  if (event.reply == Reply::kCreated && rolled_back_.contains(key)) {
    return "correlation " + std::string(correlation_of(event)) +
           " was rolled back and told that it is recorded";
  }
  if (event.proposed && event.reply == Reply::kNone) {
    return numbered(event.record.sequence, "was proposed and nobody is answered");
  }
  if (!appends(step)) return std::nullopt;
  const Entry& entry = event.record.entry;
  bool counts = entry.status == RecordStatus::kSuccess || entry.status == RecordStatus::kPending;
  if (counts && entry.correlation_id && rolled_back_.contains(key) != (event.rolled_back_by != 0)) {
    return numbered(event.record.sequence, "is not marked as its correlation's rollback wants it");
  }
  if (entry.action == Action::kRollback && entry.status == RecordStatus::kRolledBack &&
      entry.correlation_id) {
    rolled_back_.insert(key);
  }
  return std::nullopt;
}

std::vector<std::unique_ptr<Invariant>> all_invariants() {
  std::vector<std::unique_ptr<Invariant>> all;
  all.push_back(std::make_unique<SequenceHasNoGaps>());
  all.push_back(std::make_unique<ChainHolds>());
  all.push_back(std::make_unique<ProposalsAreRecordedOnce>());
  all.push_back(std::make_unique<RollbacksAreFinal>());
  return all;
}

}  // namespace ducat::audit
