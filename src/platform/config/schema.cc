// The table of settings and the search for the nearest name.
#include "platform/config/schema.h"

#include <algorithm>

#include "base/check.h"

namespace ducat::config {
namespace {

bool is_key(std::string_view key) {
  auto in_part = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (key.empty() || key.front() == '.' || key.back() == '.') return false;
  if (key.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(key, [&](char c) { return in_part(c) || c == '.'; });
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr size_t kShown = 200;
  std::string out = "\"";
  for (char c : text.substr(0, kShown)) out += static_cast<unsigned char>(c) < ' ' || c == 0x7F ? '?' : c;
  return out += text.size() > kShown ? "…\"" : "\"";
}

std::string environment_name(std::string_view key) {
  std::string name = "DUCAT_";
  for (char c : key) {
    bool lower = c >= 'a' && c <= 'z';
    name += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

void Schema::add(std::span<const Setting> settings) {
  for (const Setting& setting : settings) {
    DUCAT_CHECK(is_key(setting.key), "not a setting's key");
    DUCAT_CHECK(settings_.emplace(setting.key, setting).second, "a setting is described once");
    DUCAT_CHECK(by_environment_.emplace(environment_name(setting.key), setting.key).second,
                "two settings with one name in the environment");
    DUCAT_CHECK(parse(setting, setting.default_value).has_value(), "a default does not pass its own bounds");
  }
}

const Setting* Schema::find(std::string_view key) const {
  auto found = settings_.find(key);
  return found == settings_.end() ? nullptr : &found->second;
}

const Setting* Schema::find_environment(std::string_view name) const {
  auto found = by_environment_.find(name);
  return found == by_environment_.end() ? nullptr : find(found->second);
}

std::string_view Schema::nearest(std::string_view key) const {
  // A third of the name may be wrong, at least two characters.
  size_t best = std::max<size_t>(2, key.size() / 3) + 1;
  std::string_view name;
  for (const auto& [known, setting] : settings_) {
    size_t distance = edit_distance(key, known);
    if (distance < best) {
      best = distance;
      name = known;
    }
  }
  return name;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  // Names are short; a text that is not is near to nothing.
  constexpr size_t kMaxLength = 128;
  if (a.size() > kMaxLength || b.size() > kMaxLength) return std::max(a.size(), b.size());
  std::vector<size_t> two_above(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(two_above, above);
    std::swap(above, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace ducat::config
