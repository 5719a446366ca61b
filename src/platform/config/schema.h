// The settings Ducat knows. Each module describes its own in a table beside its code and adds it; nothing
// else parses configuration:
//
//   constexpr config::Setting kSettings[] = {
//       {.key = "wallet.shards", .type = config::Type::kInteger, .default_value = "1", .min = "1", .max =
//       "64",
//        .help = "Databases that wallets are spread over"},
//   };
//   schema.add(kSettings);
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace ducat::config {

enum class Type : unsigned char {
  kBool,      // true | false
  kInteger,   // 64-bit
  kString,    //
  kDuration,  // 250us, 500ms, 30s, 5m, 24h, 7d, or 0
  kBytes,     // 4096, 64KiB, 256MiB, 2GiB
  kList,      // texts separated by commas; an array in a file
};

// One setting. Texts are constants that outlive the schema. Default and bounds are written as an operator
// would write them and read by the same parser.
struct Setting {
  std::string_view key = {};  // lower case, digits and '_', in parts joined by '.'
  Type type = Type::kString;
  std::string_view default_value = {};
  std::string_view min = {};  // of integers, durations and bytes; empty: none
  std::string_view max = {};
  std::string_view allowed = {};  // of strings and list elements: "sqlite|postgres"; empty: any
  std::string_view help = {};
  bool secret = false;  // its value is shown nowhere
};

// A value that has been read; durations in microseconds.
using Value = std::variant<bool, int64_t, std::string, std::vector<std::string>>;

// Reads `text` as this setting wants it. The error says what is allowed, and nothing of the text or the key.
Result<Value> parse(const Setting& setting, std::string_view text);

// What an operator wrote, in quotes, for a message of one line: control characters are masked, the end is
// cut.
std::string quoted(std::string_view text);

// The name of the variable that sets `key`: DUCAT_WALLET_SHARDS for wallet.shards.
std::string environment_name(std::string_view key);

// A key that is added twice, whose environment name is another's, or whose default does not pass its own
// bounds is a programmer's error (check). One thread.
class Schema {
 public:
  void add(std::span<const Setting> settings);

  const Setting* find(std::string_view key) const;
  const Setting* find_environment(std::string_view name) const;
  // The known key that is nearest to `key` by Damerau–Levenshtein distance, or nothing if none is near.
  std::string_view nearest(std::string_view key) const;

  const std::map<std::string_view, Setting>& settings() const { return settings_; }

 private:
  std::map<std::string_view, Setting> settings_;
  std::map<std::string, std::string_view, std::less<>> by_environment_;
};

// How many insertions, deletions, replacements and swaps of neighbours lead from one text to the other (the
// optimal string alignment distance; Damerau 1964).
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ducat::config
