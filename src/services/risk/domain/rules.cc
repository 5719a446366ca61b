// The kinds of rules; see rule.h.
#include <algorithm>

#include "base/int128.h"
#include "base/money.h"
#include "services/risk/domain/rule.h"

namespace ducat::risk {
namespace {

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';  // of texts of our own, which need no escapes
}

std::string digits_of(Money amount) {
  std::string digits;
  append_decimal(digits, amount.minor, amount.currency);
  return digits;
}

std::string digits_of(Decimal number) {
  std::string digits = std::to_string(number.significand);
  if (number.scale == 0) return digits;
  auto scale = static_cast<size_t>(number.scale);
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  return digits.insert(digits.size() - scale, ".");
}

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

// Exact, whatever the currency's decimals.
bool exceeds(Money amount, Decimal threshold) {
  return Int128{amount.minor} * power_of_ten(threshold.scale) >
         Int128{threshold.significand} * power_of_ten(exponent_of(amount.currency));
}

// The movements of the window that ends then.
template <typename Use>
void for_each_within(const History& history, Timestamp end, Duration window, Use use) {
  for (const PastMovement& past : history.recent) {
    if (past.at > end - window && past.at <= end) use(past);
  }
}

// The most that `count(end)` finds in any window with the movement in it. Movements may come in another order
// than they happened: then windows that end later have it too.
template <typename Count>
int64_t most_around(const History& history, Timestamp movement, Duration window, Count count) {
  int64_t most = 0;
  for (auto end = history.recent.rbegin(); end != history.recent.rend() && end->at >= movement; ++end) {
    if (end->at < movement + window) most = std::max(most, count(end->at));
  }
  return most;
}

class VelocityRule final : public Rule {
 public:
  VelocityRule(int64_t count, Duration window) : count_(count), window_(window) {}
  std::optional<Finding> judge(const History& history, const Movement& movement, Receiver) const override {
    if (!takes_out(movement.kind)) return std::nullopt;
    int64_t withdrawals = most_around(history, movement.at, window_, [&](Timestamp end) {
      int64_t found = 0;
      for_each_within(history, end, window_,
                      [&](const PastMovement& past) { found += takes_out(past.kind); });
      return found;
    });
    if (withdrawals <= count_) return std::nullopt;
    return Finding{
        {{"timeWindow", quoted(describe(window_))}, {"withdrawalCount", std::to_string(withdrawals)}}};
  }
  Memory memory() const override { return {window_, static_cast<uint32_t>(count_)}; }

 private:
  int64_t count_;
  Duration window_;
};

class AmountRule final : public Rule {
 public:
  explicit AmountRule(Decimal threshold) : threshold_(threshold) {}
  std::optional<Finding> judge(const History&, const Movement& movement, Receiver) const override {
    if (!exceeds(movement.amount, threshold_)) return std::nullopt;
    return Finding{{{"amount", digits_of(movement.amount)}, {"threshold", digits_of(threshold_)}}};
  }

 private:
  Decimal threshold_;
};

class NewReceiverRule final : public Rule {
 public:
  explicit NewReceiverRule(Decimal threshold) : threshold_(threshold) {}
  std::optional<Finding> judge(const History&, const Movement& movement, Receiver receiver) const override {
    if (receiver != Receiver::kNew || !exceeds(movement.amount, threshold_)) return std::nullopt;
    return Finding{{{"amount", digits_of(movement.amount)}, {"threshold", digits_of(threshold_)}}};
  }

 private:
  Decimal threshold_;
};

class ManyReceiversRule final : public Rule {
 public:
  ManyReceiversRule(int64_t count, Duration window) : count_(count), window_(window) {}
  std::optional<Finding> judge(const History& history, const Movement& movement, Receiver) const override {
    if (movement.kind != MovementKind::kTransfer) return std::nullopt;
    std::vector<uint64_t> receivers;
    int64_t different = most_around(history, movement.at, window_, [&](Timestamp end) {
      receivers.clear();
      for_each_within(history, end, window_, [&](const PastMovement& past) {
        if (past.receiver != 0) receivers.push_back(past.receiver);
      });
      std::sort(receivers.begin(), receivers.end());
      return static_cast<int64_t>(std::unique(receivers.begin(), receivers.end()) - receivers.begin());
    });
    if (different <= count_) return std::nullopt;
    return Finding{{{"timeWindow", quoted(describe(window_))}, {"receiverCount", std::to_string(different)}}};
  }
  Memory memory() const override { return {window_, static_cast<uint32_t>(count_)}; }

 private:
  int64_t count_;
  Duration window_;
};

}  // namespace

std::unique_ptr<Rule> make_velocity_rule(int64_t count, Duration window) {
  return std::make_unique<VelocityRule>(count, window);
}
std::unique_ptr<Rule> make_amount_rule(Decimal threshold) {
  return std::make_unique<AmountRule>(threshold);
}
std::unique_ptr<Rule> make_new_receiver_rule(Decimal threshold) {
  return std::make_unique<NewReceiverRule>(threshold);
}
std::unique_ptr<Rule> make_many_receivers_rule(int64_t count, Duration window) {
  return std::make_unique<ManyReceiversRule>(count, window);
}

std::string describe(Duration window) {
  constexpr std::pair<int64_t, std::string_view> kUnits[] = {
      {86'400, "day"}, {3'600, "hour"}, {60, "minute"}, {1, "second"}};
  int64_t seconds = window.micros / 1'000'000;
  for (auto [size, name] : kUnits) {
    if (seconds % size != 0 && size != 1) continue;
    int64_t count = seconds / size;
    return std::to_string(count) + " " + std::string(name) + (count == 1 ? "" : "s");
  }
  return {};
}

}  // namespace ducat::risk
