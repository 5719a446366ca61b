// What Ducat was started with: every setting with its value and where it comes from. Sources in order, the
// later one wins: the default, a TOML file, DUCAT_* variables, the command line.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/config/schema.h"

namespace ducat::config {

// One `key=value` of the command line; `option` is what the operator typed, for messages.
struct Override {
  std::string assignment;
  std::string option = "--set";
};

struct Sources {
  std::string file = {};                      // path of a TOML file; empty: none
  std::vector<std::string> environment = {};  // NAME=value; those that do not begin with DUCAT_ are not ours
  std::vector<Override> overrides = {};
};

// The environment of this process. Not while another thread changes it.
std::vector<std::string> process_environment();

// A text that was given for a key, before it is read.
struct Assignment {
  std::string key;
  std::string text;
  std::string origin;  // "ducat.toml:12", "environment", "--set"
};

// Reads a TOML file's tables as dotted keys with their lines. Errors (kInvalid) name file and line.
Result<std::vector<Assignment>> read_toml(const std::string& path);

// Values of all settings of a schema. Immutable once loaded, so any thread may read. Asking for a key that is
// not in the schema, or as another type, is a programmer's error (check).
class Settings {
 public:
  bool boolean(std::string_view key) const;
  int64_t integer(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  Duration duration(std::string_view key) const;
  int64_t bytes(std::string_view key) const;
  const std::vector<std::string>& list(std::string_view key) const;

  // "default", "ducat.toml:12", "environment" or the command line's option.
  const std::string& origin(std::string_view key) const;
  bool is_default(std::string_view key) const { return origin(key) == "default"; }

  // One line for each setting, `key = value  # origin`, in order of keys, as TOML; secrets are hidden.
  std::string describe() const;

 private:
  friend Result<Settings> load(const Schema& schema, const Sources& sources);

  struct Entry {
    Setting setting;
    Value value;
    std::string text;
    std::string origin;
  };
  const Entry& find(std::string_view key, Type type) const;
  Status assign(const Schema& schema, const Assignment& assignment);

  std::map<std::string, Entry, std::less<>> entries_;
};

// Errors are kInvalid, one line, and name key, value, source and what is allowed:
//   unknown setting "wallet.shard" (--set); did you mean "wallet.shards"?
//   wallet.shards = "many" (ducat.toml:3): expected a whole number, from 1 to 64
Result<Settings> load(const Schema& schema, const Sources& sources);

}  // namespace ducat::config
