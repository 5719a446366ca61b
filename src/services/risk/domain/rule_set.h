// The rules in force, made from the configuration's lines.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/risk/domain/rule.h"

namespace ducat::risk {

struct NamedRule {
  std::string name;     // the alerts' type
  bool shadow = false;  // its alerts are recorded, and shown only to who asks for them
  std::unique_ptr<const Rule> rule;
};

class RuleSet {
 public:
  // A line is "<name> kind=<velocity|amount|new_receiver|many_receivers> <parameter>=<value> …". kInvalid
  // says which line and what is wrong with it.
  static Result<RuleSet> parse(std::span<const std::string> lines);

  const std::vector<NamedRule>& rules() const { return rules_; }
  // What histories must remember for all rules. Of movements some more than a rule counts, because what it
  // has found beyond its limit is told.
  Memory memory() const;

 private:
  std::vector<NamedRule> rules_;
};

}  // namespace ducat::risk
