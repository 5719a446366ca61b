// Puts the sources over each other.
#include "platform/config/settings.h"

#include <unistd.h>

#include "base/check.h"

namespace ducat::config {
namespace {

constexpr std::string_view kPrefix = "DUCAT_";

std::unexpected<Error> unknown(std::string_view name, std::string_view origin, std::string_view nearest) {
  std::string message = "unknown setting " + quoted(name) + " (" + std::string(origin) + ")";
  if (!nearest.empty()) message += "; did you mean " + quoted(nearest) + "?";
  return fail(Errc::kInvalid, std::move(message));
}

// The key that a DUCAT_ variable's name would have: its parts are only guessed, for the nearest name.
std::string guessed_key(std::string_view name) {
  std::string key;
  for (char c : name.substr(kPrefix.size()))
    key += c == '_' ? '.' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return key;
}

Result<std::vector<Assignment>> read_environment(const Schema& schema,
                                                 const std::vector<std::string>& environment) {
  std::vector<Assignment> found;
  for (std::string_view variable : environment) {
    if (!variable.starts_with(kPrefix)) continue;
    size_t equals = std::min(variable.find('='), variable.size());
    std::string_view name = variable.substr(0, equals);
    const Setting* setting = schema.find_environment(name);
    if (setting == nullptr) {
      std::string_view near = schema.nearest(guessed_key(name));
      return unknown(name, "environment", near.empty() ? "" : environment_name(near));
    }
    variable.remove_prefix(std::min(equals + 1, variable.size()));
    found.push_back({std::string(setting->key), std::string(variable), "environment"});
  }
  return found;
}

Result<std::vector<Assignment>> read_overrides(const std::vector<Override>& overrides) {
  std::vector<Assignment> found;
  for (const Override& given : overrides) {
    size_t equals = given.assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::kInvalid, given.option + " " + quoted(given.assignment) + ": expected key=value");
    }
    found.push_back({given.assignment.substr(0, equals), given.assignment.substr(equals + 1), given.option});
  }
  return found;
}

// As TOML would have it: numbers and truth values bare, all else quoted.
std::string shown(const Setting& setting, const std::string& text) {
  if (setting.secret) return text.empty() ? "\"\"" : "\"(hidden)\"";
  if (setting.type == Type::kBool || setting.type == Type::kInteger) return text;
  if (setting.type != Type::kList) return quoted(text);
  std::string out = "[";
  auto parts = parse(setting, text);
  for (const auto& part : std::get<std::vector<std::string>>(parts.value())) {
    out += (out.size() > 1 ? ", " : "") + quoted(part);
  }
  return out + "]";
}

}  // namespace

std::vector<std::string> process_environment() {
  std::vector<std::string> found;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    found.emplace_back(*variable);
  return found;
}

Status Settings::assign(const Schema& schema, const Assignment& given) {
  auto found = entries_.find(given.key);
  if (found == entries_.end()) return unknown(given.key, given.origin, schema.nearest(given.key));
  Entry& entry = found->second;
  auto value = parse(entry.setting, given.text);
  if (!value) {
    std::string text = entry.setting.secret ? "(hidden)" : quoted(given.text);
    return fail(Errc::kInvalid,
                given.key + " = " + text + " (" + given.origin + "): " + value.error().message);
  }
  entry.value = std::move(*value);
  entry.text = given.text;
  entry.origin = given.origin;
  return {};
}

Result<Settings> load(const Schema& schema, const Sources& sources) {
  Settings settings;
  for (const auto& [key, setting] : schema.settings()) {
    auto value = parse(setting, setting.default_value);
    settings.entries_[std::string(key)] = {setting, std::move(value.value()),
                                           std::string(setting.default_value), "default"};
  }
  std::vector<Assignment> from_file;
  if (!sources.file.empty()) {
    DUCAT_ASSIGN(from_file, read_toml(sources.file));
  }
  DUCAT_ASSIGN(auto from_environment, read_environment(schema, sources.environment));
  DUCAT_ASSIGN(auto from_command_line, read_overrides(sources.overrides));
  for (const auto* source : {&from_file, &from_environment, &from_command_line}) {
    for (const Assignment& assignment : *source) DUCAT_TRY(settings.assign(schema, assignment));
  }
  return settings;
}

const Settings::Entry& Settings::find(std::string_view key, Type type) const {
  auto found = entries_.find(key);
  DUCAT_CHECK(found != entries_.end(), std::string(key).c_str());
  DUCAT_CHECK(found->second.setting.type == type, std::string(key).c_str());
  return found->second;
}

bool Settings::boolean(std::string_view key) const {
  return std::get<bool>(find(key, Type::kBool).value);
}
int64_t Settings::integer(std::string_view key) const {
  return std::get<int64_t>(find(key, Type::kInteger).value);
}
const std::string& Settings::text(std::string_view key) const {
  return std::get<std::string>(find(key, Type::kString).value);
}
Duration Settings::duration(std::string_view key) const {
  return Duration{std::get<int64_t>(find(key, Type::kDuration).value)};
}
int64_t Settings::bytes(std::string_view key) const {
  return std::get<int64_t>(find(key, Type::kBytes).value);
}
const std::vector<std::string>& Settings::list(std::string_view key) const {
  return std::get<std::vector<std::string>>(find(key, Type::kList).value);
}

const std::string& Settings::origin(std::string_view key) const {
  auto found = entries_.find(key);
  DUCAT_CHECK(found != entries_.end(), std::string(key).c_str());
  return found->second.origin;
}

std::string Settings::describe() const {
  std::string out;
  for (const auto& [key, entry] : entries_) {
    out += key + " = " + shown(entry.setting, entry.text) + "  # " + entry.origin + "\n";
  }
  return out;
}

}  // namespace ducat::config
