// Names and numbers; see record.h.
#include "services/audit/domain/record.h"

namespace ducat::audit {
namespace {

constexpr std::string_view kActionNames[] = {"",       "CREATE", "DELETE",   "LOGIN",
                                             "LOGOUT", "READ",   "ROLLBACK", "UPDATE"};
constexpr std::string_view kStatusNames[] = {"", "SUCCESS", "FAILED", "ROLLED_BACK", "PENDING"};

template <typename Enum, size_t kCount>
std::optional<Enum> numbered(const std::string_view (&)[kCount], int64_t number) {
  if (number < 1 || number >= static_cast<int64_t>(kCount)) return std::nullopt;
  return static_cast<Enum>(number);
}

template <typename Enum, size_t kCount>
std::optional<Enum> named(const std::string_view (&names)[kCount], std::string_view text) {
  for (size_t i = 1; i < kCount; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Action action) {
  return kActionNames[static_cast<size_t>(action)];
}
std::string_view to_string(RecordStatus status) {
  return kStatusNames[static_cast<size_t>(status)];
}
std::optional<Action> parse_action(std::string_view text) {
  return named<Action>(kActionNames, text);
}
std::optional<RecordStatus> parse_status(std::string_view text) {
  return named<RecordStatus>(kStatusNames, text);
}
std::optional<Action> action_of(int64_t number) {
  return numbered<Action>(kActionNames, number);
}
std::optional<RecordStatus> status_of(int64_t number) {
  return numbered<RecordStatus>(kStatusNames, number);
}

Uuid record_id(uint64_t sequence, Timestamp created_at) {
  return make_uuid7_located(whole_millis(created_at), sequence);
}

}  // namespace ducat::audit
