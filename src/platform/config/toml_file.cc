// The TOML file, read by toml++; its exceptions go no further than here.
#include <toml++/toml.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "platform/config/settings.h"

namespace ducat::config {
namespace {

std::string where(const std::string& path, const toml::source_region& source) {
  return path + ":" + std::to_string(source.begin.line);
}

// Scalars become the text the command line would have; anything else has no setting to go to.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> list_text(const toml::array& array) {
  std::string out;
  for (const toml::node& element : array) {
    auto text = scalar_text(element);
    if (!text || text->find(',') != std::string::npos) return std::nullopt;
    out += (out.empty() ? "" : ",") + *text;
  }
  return out;
}

Status collect(const toml::table& table, const std::string& prefix, const std::string& path,
               std::vector<Assignment>& into) {
  for (const auto& [name, node] : table) {
    std::string key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      DUCAT_TRY(collect(*inner, key + ".", path, into));
      continue;
    }
    auto text = node.is_array() ? list_text(*node.as_array()) : scalar_text(node);
    if (!text) {
      return fail(Errc::kInvalid,
                  quoted(key) + " (" + where(path, node.source()) +
                      "): expected a text, a whole number, true or false, or an array of texts "
                      "without commas");
    }
    into.push_back({std::move(key), std::move(*text), where(path, node.source())});
  }
  return {};
}

Result<std::string> read_file(const std::string& path) {
  constexpr size_t kMaxBytes = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return fail(Errc::kInvalid, "configuration file " + path + " cannot be opened: " + std::strerror(errno));
  std::string text;
  char chunk[16'384];
  while (text.size() <= kMaxBytes && file) {
    file.read(chunk, sizeof(chunk));
    text.append(chunk, static_cast<size_t>(file.gcount()));
  }
  if (file.bad())
    return fail(Errc::kInvalid, "configuration file " + path + " cannot be read: " + std::strerror(errno));
  if (text.size() > kMaxBytes)
    return fail(Errc::kInvalid, "configuration file " + path + " is larger than 1 MiB");
  return text;
}

}  // namespace

Result<std::vector<Assignment>> read_toml(const std::string& path) {
  DUCAT_ASSIGN(std::string text, read_file(path));
  std::vector<Assignment> found;
  try {
    toml::table table = toml::parse(std::string_view(text), path);
    DUCAT_TRY(collect(table, "", path, found));
  } catch (const toml::parse_error& error) {
    return fail(Errc::kInvalid, where(path, error.source()) + ": " + std::string(error.description()));
  } catch (const std::exception& error) {
    return fail(Errc::kInvalid, path + ": " + error.what());
  }
  return found;
}

}  // namespace ducat::config
