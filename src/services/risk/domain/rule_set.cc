// See rule_set.h.
#include "services/risk/domain/rule_set.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace ducat::risk {
namespace {

constexpr size_t kMaxRules = 64;
constexpr uint32_t kLeastRecent = 64;
constexpr Duration kLongestWindow = Duration::seconds(31 * 86'400);

// The words of one line, taken out one by one; what is left in the end is unknown.
class Line {
 public:
  static Result<Line> read(std::string_view text) {
    Line line;
    while (!text.empty()) {
      size_t space = std::min(text.find(' '), text.size());
      std::string_view word = text.substr(0, space);
      text.remove_prefix(std::min(space + 1, text.size()));
      if (word.empty()) continue;
      size_t equals = word.find('=');
      if (line.name.empty() && equals == std::string_view::npos) {
        line.name = word;
        continue;
      }
      if (line.name.empty() || equals == std::string_view::npos || equals == 0) {
        return fail(Errc::kInvalid,
                    "expected a name and then parameter=value, not \"" + std::string(word) + "\"");
      }
      if (!line.words_.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
        return fail(Errc::kInvalid, std::string(word.substr(0, equals)) + " is given twice");
      }
    }
    if (line.name.empty() || line.name.size() > 64)
      return fail(Errc::kInvalid, "expected a name of 1 to 64 characters");
    return line;
  }

  Result<std::string> text(const std::string& key) {
    auto found = words_.find(key);
    if (found == words_.end()) return fail(Errc::kInvalid, key + " is missing");
    std::string value = std::move(found->second);
    words_.erase(found);
    return value;
  }
  Result<int64_t> count() {
    DUCAT_ASSIGN(std::string digits, text("count"));
    int64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() || number < 1 ||
        number >= static_cast<int64_t>(kMaxRecent)) {
      return fail(Errc::kInvalid, "count must be a whole number from 1 to " + std::to_string(kMaxRecent - 1));
    }
    return number;
  }
  Result<Duration> window() {
    DUCAT_ASSIGN(std::string words, text("window"));
    int64_t number = 0;
    auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), number);
    constexpr std::pair<std::string_view, int64_t> kUnits[] = {
        {"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}};
    std::string_view unit(end, words.data() + words.size());
    for (auto [symbol, seconds] : kUnits) {
      if (error != std::errc() || unit != symbol || number < 1 ||
          number > kLongestWindow.micros / 1'000'000 / seconds) {
        continue;
      }
      return Duration::seconds(number * seconds);
    }
    return fail(Errc::kInvalid, "window must be a time such as 30s, 5m, 24h or 7d, at most 31d");
  }
  Result<Decimal> threshold() {
    DUCAT_ASSIGN(std::string digits, text("threshold"));
    auto number = parse_decimal(digits);
    if (!number || number->significand < 0)
      return fail(Errc::kInvalid, "threshold must be a number, not negative");
    return *number;
  }
  Result<bool> shadow() {
    if (!words_.contains("shadow")) return false;
    DUCAT_ASSIGN(std::string value, text("shadow"));
    if (value != "true" && value != "false") return fail(Errc::kInvalid, "shadow must be true or false");
    return value == "true";
  }
  Status nothing_left() const {
    if (words_.empty()) return {};
    return fail(Errc::kInvalid, "there is no parameter " + words_.begin()->first + " for this kind");
  }

  std::string name;

 private:
  std::map<std::string, std::string> words_;
};

Result<std::unique_ptr<Rule>> make_rule(Line& line) {
  DUCAT_ASSIGN(std::string kind, line.text("kind"));
  if (kind == "velocity" || kind == "many_receivers") {
    DUCAT_ASSIGN(int64_t count, line.count());
    DUCAT_ASSIGN(Duration window, line.window());
    return kind == "velocity" ? make_velocity_rule(count, window) : make_many_receivers_rule(count, window);
  }
  if (kind == "amount" || kind == "new_receiver") {
    DUCAT_ASSIGN(Decimal threshold, line.threshold());
    return kind == "amount" ? make_amount_rule(threshold) : make_new_receiver_rule(threshold);
  }
  return fail(Errc::kInvalid,
              "there is no kind \"" + kind + "\"; there are velocity, amount, new_receiver, many_receivers");
}

Result<NamedRule> read_rule(std::string_view text) {
  DUCAT_ASSIGN(Line line, Line::read(text));
  NamedRule rule;
  rule.name = line.name;
  DUCAT_ASSIGN(rule.shadow, line.shadow());
  DUCAT_ASSIGN(rule.rule, make_rule(line));
  DUCAT_TRY(line.nothing_left());
  return rule;
}

}  // namespace

Result<RuleSet> RuleSet::parse(std::span<const std::string> lines) {
  if (lines.size() > kMaxRules) return fail(Errc::kInvalid, "there may be 64 rules at most");
  RuleSet set;
  for (const std::string& text : lines) {
    Result<NamedRule> rule = read_rule(text);
    if (!rule) return fail(Errc::kInvalid, "the rule \"" + text + "\": " + rule.error().message);
    for (const NamedRule& other : set.rules_) {
      if (other.name == rule->name) return fail(Errc::kInvalid, "there are two rules called " + rule->name);
    }
    set.rules_.push_back(std::move(*rule));
  }
  return set;
}

Memory RuleSet::memory() const {
  Memory all{{}, kLeastRecent};
  for (const NamedRule& named : rules_) {
    Memory one = named.rule->memory();
    all.reach = std::max(all.reach, one.reach);
    all.most = std::max(all.most, std::min(4 * one.most, kMaxRecent));
  }
  return all;
}

}  // namespace ducat::risk
