// A log in memory, with the rules and the invariants around it: for the domain's tests.
#pragma once

#include <map>

#include "base/hash.h"
#include "services/audit/domain/canonical.h"
#include "services/audit/domain/invariants.h"
#include "services/audit/domain/rules.h"

namespace ducat::audit::testing {

// Stands in for SHA-256, which the domain knows nothing of.
inline Digest digest_of(std::string_view bytes) {
  Digest digest{};
  for (size_t i = 0; i < digest.size(); i += 8) {
    uint64_t part = hash64(bytes, i);
    for (size_t byte = 0; byte < 8; ++byte) digest[i + byte] = static_cast<uint8_t>(part >> (8 * byte));
  }
  return digest;
}

inline Entry entry_of(Action action, std::string_view correlation) {
  Entry entry{.action = action, .entity_type = "Transaction", .entity_id = "t1", .user_id = "u1"};
  entry.correlation_id = correlation;
  entry.service_name = "test";
  return entry;
}

struct LogWorld {
  LogEnd end;
  Timestamp now{1'700'000'000'123'456};
  std::map<std::string, Correlation, std::less<>> correlations;
  std::vector<std::unique_ptr<Invariant>> invariants = all_invariants();
  std::vector<std::string> violations;
  std::vector<std::string> records;  // canonical
  std::map<std::string, Reply, std::less<>> last_reply;
  size_t answers = 0;

  template <typename Command>
  std::optional<Event> run(std::string_view correlation, const Command& command) {
    now = now + Duration::millis(1);
    Correlation& state = correlations[std::string(correlation)];
    std::optional<Event> event = decide(state, end, now, command);
    if (event) take(correlation, *event);
    return event;
  }
  void take(std::string_view correlation, const Event& event) {
    Step step{event, {}};
    if (event.type == EventType::kRecordAppended) {
      std::string bytes;
      append_canonical(bytes, event.record);
      step.hash = digest_of(bytes);
      records.push_back(bytes);
      end = {event.record.sequence, step.hash, event.record.created_at};
    }
    if (event.reply != Reply::kNone) last_reply[std::string(correlation)] = event.reply, ++answers;
    evolve(correlations[std::string(correlation)], event);
    for (auto& invariant : invariants) {
      if (auto broken = invariant->after_event(step)) violations.push_back(*broken);
    }
  }
};

}  // namespace ducat::audit::testing
