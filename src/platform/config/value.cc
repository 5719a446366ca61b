// From the text of a setting to its value.
#include <algorithm>
#include <charconv>
#include <optional>

#include "platform/config/schema.h"

namespace ducat::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr Unit kDurations[] = {{"us", 1},         {"ms", 1'000},        {"s", 1'000'000},
                               {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}};
constexpr Unit kSizes[] = {{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
constexpr Unit kNone[] = {{"", 1}};

std::optional<int64_t> parse_number(std::string_view text, std::span<const Unit> units) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string_view suffix(end, static_cast<size_t>(text.data() + text.size() - end));
  if (number == 0 && suffix.empty()) return 0;  // nothing is nothing in every unit
  for (const Unit& unit : units) {
    int64_t value = 0;
    if (unit.name == suffix && !__builtin_mul_overflow(number, unit.factor, &value)) return value;
  }
  return std::nullopt;
}

std::span<const Unit> units_of(Type type) {
  if (type == Type::kDuration) return kDurations;
  if (type == Type::kBytes) return kSizes;
  return kNone;
}

const char* kind_of(Type type) {
  switch (type) {
    case Type::kBool:
      return "true or false";
    case Type::kInteger:
      return "a whole number";
    case Type::kString:
      return "a text";
    case Type::kDuration:
      return "a duration such as 500ms, 30s, 5m or 24h";
    case Type::kBytes:
      return "a size such as 4096, 64KiB or 256MiB";
    case Type::kList:
      return "a list of texts";
  }
  return "";
}

// "a whole number from 1 to 64", "one of sqlite, postgres"
std::string expectation(const Setting& setting) {
  std::string out = "expected ";
  if (!setting.allowed.empty()) {
    out += setting.type == Type::kList ? "a list of " : "one of ";
    for (char c : setting.allowed) c == '|' ? void(out += ", ") : void(out += c);
    return out;
  }
  out += kind_of(setting.type);
  if (!setting.min.empty()) (out += setting.max.empty() ? ", at least " : ", from ") += setting.min;
  if (!setting.max.empty()) (out += setting.min.empty() ? ", at most " : " to ") += setting.max;
  return out;
}

bool is_allowed(const Setting& setting, std::string_view text) {
  std::string_view rest = setting.allowed;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, end) == text) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return setting.allowed.empty();
}

std::string_view trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    size_t end = std::min(text.find(','), text.size());
    if (std::string_view part = trim(text.substr(0, end)); !part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<Value> parse_value(const Setting& setting, std::string_view text) {
  switch (setting.type) {
    case Type::kBool:
      if (text == "true" || text == "false") return Value(text == "true");
      return std::nullopt;
    case Type::kString:
      if (is_allowed(setting, text)) return Value(std::string(text));
      return std::nullopt;
    case Type::kList: {
      std::vector<std::string> parts = split(text);
      if (!std::ranges::all_of(parts, [&](const auto& part) { return is_allowed(setting, part); }))
        return std::nullopt;
      return Value(std::move(parts));
    }
    case Type::kInteger:
    case Type::kDuration:
    case Type::kBytes:
      break;
  }
  auto units = units_of(setting.type);
  auto number = parse_number(text, units);
  if (!number || (setting.type != Type::kInteger && *number < 0)) return std::nullopt;
  if (!setting.min.empty() && *number < parse_number(setting.min, units).value()) return std::nullopt;
  if (!setting.max.empty() && *number > parse_number(setting.max, units).value()) return std::nullopt;
  return Value(*number);
}

}  // namespace

Result<Value> parse(const Setting& setting, std::string_view text) {
  auto value = parse_value(setting, text);
  if (!value) return fail(Errc::kInvalid, expectation(setting));
  return std::move(*value);
}

}  // namespace ducat::config
