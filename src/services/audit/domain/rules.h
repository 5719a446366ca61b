// The rules of the log: what a report of an action becomes, given what is known of its correlation id.
//
// Records reach the log on two ways. A call (POST, or a service in this process) is a report of something
// that has happened, and always becomes a record. A message `audit.log.create` is a proposal: its sender
// makes the change visible only when it learns that the record is there. Messages may come twice and in any
// order, so a proposal is recorded once for its correlation and action, and one that comes after the rollback
// of its correlation is recorded, marked, and answered as failed: then no record that counts as SUCCESS is
// without its change.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "services/audit/domain/events.h"

namespace ducat::audit {

// What is remembered of a correlation id: a fold of its decisive records. A value.
struct Correlation {
  struct Place {
    uint64_t sequence = 0;  // 0: none
    Timestamp created_at;
  };
  // The proposal that was recorded, by its action.
  std::array<Place, kActions> proposals{};
  uint64_t rolled_back_by = 0;  // the sequence of the first rollback; 0: none
  // Of the first proposal: a rollback's record speaks of the same thing.
  struct Subject {
    std::optional<std::string> entity_type, entity_id, user_id, service_name;
  };
  std::optional<Subject> subject{};
};

// Whether later decisions about its correlation depend on this event.
bool is_decisive(const Event& event);
void evolve(Correlation& state, const Event& event);

// The log's end, where the next record goes.
struct LogEnd {
  uint64_t sequence = 0;  // of the last record; 0: there is none
  Digest hash{};          // of the last record
  Timestamp at;           // its time
};

// Reports of an action.
struct Append {
  Entry entry;
};
struct Propose {
  Entry entry;  // has a correlation id
  std::string_view traceparent{};
};
// A message `audit.log.create` that is not well formed.
struct RefuseProposal {
  std::string_view correlation_id;
  std::string_view error;
  std::string_view traceparent{};
};
struct RollBack {
  std::string_view correlation_id;
  Text metadata;  // the reason, as JSON
};

// The event that the command makes; none where there is nothing to do. Views are those of the command and the
// state.
std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const Append& command);
std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const Propose& command);
std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const RefuseProposal& command);
std::optional<Event> decide(const Correlation& state, const LogEnd& end, Timestamp now,
                            const RollBack& command);

// What is said of a proposal whose correlation was rolled back before.
inline constexpr std::string_view kRolledBackBefore = "The transaction was rolled back before";

}  // namespace ducat::audit
