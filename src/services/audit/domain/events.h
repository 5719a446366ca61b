// What happens to the log. Records are appended; who proposed one as a message is answered. Nothing is ever
// changed or taken out: a rollback is a further record.
#pragma once

#include <string_view>

#include "services/audit/domain/record.h"

namespace ducat::audit {

// Stored, so the numbers never change.
enum class EventType : uint8_t {
  kRecordAppended = 1,
  // A proposal was not recorded: it was not well formed, or was recorded before. It is answered all the same.
  kProposalAnswered = 2,
};

// What whoever waits for the audit record is told.
enum class Reply : uint8_t { kNone = 0, kCreated = 1, kFailed = 2 };

// Which event uses what stands with the fields.
struct Event {
  EventType type = EventType::kRecordAppended;
  Reply reply = Reply::kNone;
  // RecordAppended: it came as a message `audit.log.create`; of these there is one for each correlation and
  // action.
  bool proposed = false;
  Record record{};              // RecordAppended
  uint64_t rolled_back_by = 0;  // RecordAppended: its correlation was rolled back before, by this record
  std::string_view correlation_id{};  // ProposalAnswered; a record has its own
  uint64_t sequence = 0;              // ProposalAnswered with kCreated: the record that is there
  Timestamp created_at{};             // and its time
  std::string_view error{};           // kFailed
  std::string_view traceparent{};     // of who asked, for the answer; empty: none
};

// Whether the record rolls back everything of its correlation.
bool rolls_back(const Entry& entry);
// Whether a rollback of its correlation turns the record's effective status into ROLLED_BACK. What failed or
// was a rollback itself stays what it is.
bool can_be_rolled_back(RecordStatus status);

}  // namespace ducat::audit
