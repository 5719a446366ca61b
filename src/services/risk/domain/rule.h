// Rules that look for fraud. A kind of rule is one class; a rule of a known kind is a line of the
// configuration:
//
//   rapid_withdrawals kind=velocity count=3 window=5m
//   large_first_payment kind=new_receiver threshold=500 shadow=true
//
// (rule_set.h reads them.) Rules are pure: the wallet's history with the movement in it, and the movement,
// tell everything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/risk/domain/history.h"

namespace ducat::risk {

// What a rule found: members of the alert's `details`, in order. Values are JSON already.
struct Finding {
  std::vector<std::pair<std::string_view, std::string>> details;
};

// Immutable, so any thread may ask it.
class Rule {
 public:
  virtual ~Rule() = default;
  // What is suspicious about the movement, if anything. The history has it already.
  virtual std::optional<Finding> judge(const History& history, const Movement& movement,
                                       Receiver receiver) const = 0;
  // How far back it looks, and how many movements it counts.
  virtual Memory memory() const { return {{}, 0}; }
};

// More than `count` withdrawals within a sliding window.
std::unique_ptr<Rule> make_velocity_rule(int64_t count, Duration window);
// A movement of strictly more than the threshold (in any currency).
std::unique_ptr<Rule> make_amount_rule(Decimal threshold);
// A transfer of strictly more than the threshold to somebody the wallet has never sent to.
std::unique_ptr<Rule> make_new_receiver_rule(Decimal threshold);
// Transfers to more than `count` different receivers within a sliding window.
std::unique_ptr<Rule> make_many_receivers_rule(int64_t count, Duration window);

// "5 minutes", "1 hour", "90 seconds": the largest unit that leaves no rest.
std::string describe(Duration window);

}  // namespace ducat::risk
