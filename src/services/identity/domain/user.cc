// See user.h.
#include "services/identity/domain/user.h"

#include <algorithm>

namespace ducat::identity {
namespace {

constexpr size_t kShortestName = 3;
constexpr size_t kLongestName = 50;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_';
}

}  // namespace

bool is_live(const Session& session, const User& user, Timestamp now) {
  bool current = session.generation == user.generation || user.kept_session == session.id;
  return session.user_no == user.no && !session.ended_at && now < session.expires_at && current;
}

std::string folded(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

bool is_username(std::string_view name) {
  return name.size() >= kShortestName && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

std::string username_from(std::string_view email) {
  constexpr size_t kRoomForSuffix = 8;
  std::string name;
  for (char c : email.substr(0, email.find('@'))) {
    if (is_name_character(c) && name.size() < kLongestName - kRoomForSuffix) name.push_back(c);
  }
  while (name.size() < kShortestName) name.append("user", 4);
  return name;
}

}  // namespace ducat::identity
