// See rules.h.
#include "services/audit/domain/rules.h"

#include <algorithm>

namespace ducat::audit {
namespace {

Record next_record(const LogEnd& end, Timestamp now, const Entry& entry) {
  return {end.sequence + 1, whole_millis(std::max(now, end.at)), end.hash, entry};
}

// A record that comes after the rollback of its correlation is marked at once.
Event appended(const Correlation& state, const Record& record) {
  Event event{.record = record};
  if (can_be_rolled_back(record.entry.status)) event.rolled_back_by = state.rolled_back_by;
  return event;
}

std::optional<std::string> owned(const Text& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}
Text view(const std::optional<std::string>& text) {
  return text ? Text(*text) : std::nullopt;
}

}  // namespace

bool rolls_back(const Entry& entry) {
  return entry.action == Action::kRollback && entry.status == RecordStatus::kRolledBack &&
         entry.correlation_id.has_value();
}

bool can_be_rolled_back(RecordStatus status) {
  return status == RecordStatus::kSuccess || status == RecordStatus::kPending;
}

bool is_decisive(const Event& event) {
  return event.type == EventType::kRecordAppended && (event.proposed || rolls_back(event.record.entry));
}

void evolve(Correlation& state, const Event& event) {
  if (!is_decisive(event)) return;
  const Record& record = event.record;
  if (event.proposed) {
    state.proposals[static_cast<size_t>(record.entry.action)] = {record.sequence, record.created_at};
    if (!state.subject) {
      const Entry& entry = record.entry;
      state.subject = {owned(entry.entity_type), owned(entry.entity_id), owned(entry.user_id),
                       owned(entry.service_name)};
    }
  }
  if (rolls_back(record.entry) && state.rolled_back_by == 0) state.rolled_back_by = record.sequence;
}

std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const Append& command) {
  return appended(state, next_record(end, now, command.entry));
}

std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const Propose& command) {
  Event event = appended(state, next_record(end, now, command.entry));
  event.proposed = true;
  event.traceparent = command.traceparent;
  bool too_late = state.rolled_back_by != 0;
  event.reply = too_late ? Reply::kFailed : Reply::kCreated;
  if (too_late) event.error = kRolledBackBefore;
  const Correlation::Place& before = state.proposals[static_cast<size_t>(command.entry.action)];
  if (before.sequence == 0) return event;
  Event answer{.type = EventType::kProposalAnswered, .reply = event.reply, .error = event.error};
  answer.correlation_id = *command.entry.correlation_id;
  answer.traceparent = command.traceparent;
  if (!too_late) {
    answer.sequence = before.sequence;
    answer.created_at = before.created_at;
  }
  return answer;
}

std::optional<Event> decide(const Correlation&, const LogEnd&, Timestamp, const RefuseProposal& command) {
  return Event{.type = EventType::kProposalAnswered,
               .reply = Reply::kFailed,
               .correlation_id = command.correlation_id,
               .error = command.error,
               .traceparent = command.traceparent};
}

std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const RollBack& command) {
  if (state.rolled_back_by != 0) return std::nullopt;
  Entry entry{.action = Action::kRollback, .status = RecordStatus::kRolledBack};
  entry.correlation_id = command.correlation_id;
  entry.metadata = command.metadata;
  if (state.subject) {
    entry.entity_type = view(state.subject->entity_type);
    entry.entity_id = view(state.subject->entity_id);
    entry.user_id = view(state.subject->user_id);
    entry.service_name = view(state.subject->service_name);
  }
  return Event{.record = next_record(end, now, entry)};
}

}  // namespace ducat::audit
