// What an audit record is: who did what to which entity, and its place in the log.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

namespace ducat::audit {

// Stored and hashed, so the numbers never change. In the order of their names: a list by action is sorted by
// them.
enum class Action : uint8_t {
  kCreate = 1,
  kDelete = 2,
  kLogin = 3,
  kLogout = 4,
  kRead = 5,
  kRollback = 6,
  kUpdate = 7,
};
inline constexpr size_t kActions = 8;  // one past the last

// Stored and hashed, so the numbers never change.
enum class RecordStatus : uint8_t { kSuccess = 1, kFailed = 2, kRolledBack = 3, kPending = 4 };

// "CREATE", "ROLLED_BACK"; nothing for any other text or number.
std::string_view to_string(Action action);
std::string_view to_string(RecordStatus status);
std::optional<Action> parse_action(std::string_view text);
std::optional<RecordStatus> parse_status(std::string_view text);
std::optional<Action> action_of(int64_t number);
std::optional<RecordStatus> status_of(int64_t number);

using Text = std::optional<std::string_view>;  // absent is not the same as empty

// What whoever reports it says. Views live as long as whoever made it says.
struct Entry {
  Action action = Action::kCreate;
  RecordStatus status = RecordStatus::kSuccess;
  Text entity_type{};
  Text entity_id{};
  Text user_id{};
  Text metadata{};  // a JSON object, without white space between its tokens
  Text changes{};   // the same
  Text ip_address{};
  Text user_agent{};
  Text correlation_id{};
  Text service_name{};

  bool operator==(const Entry&) const = default;
};

// SHA-256, as it stands in the log.
using Digest = std::array<uint8_t, 32>;

// An entry in its place.
struct Record {
  uint64_t sequence = 0;   // 1, 2, 3 … without gaps
  Timestamp created_at{};  // whole milliseconds, never earlier than that of the record before
  Digest previous{};       // the hash of the record before; all zero for the first
  Entry entry{};

  bool operator==(const Record&) const = default;
};

// A record's id: version 7, tells the sequence, so that no index is needed to find it.
Uuid record_id(uint64_t sequence, Timestamp created_at);
inline uint64_t sequence_of(const Uuid& id) {
  return uuid7_tail(id);
}

// The time as records have it.
constexpr Timestamp whole_millis(Timestamp time) {
  return {time.micros - time.micros % 1000};
}

}  // namespace ducat::audit
