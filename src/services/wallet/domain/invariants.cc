#include "services/wallet/domain/invariants.h"

#include <algorithm>
#include <utility>

#include "services/wallet/domain/ledger.h"

namespace ducat::wallet {
namespace {

// "wallet 7, FUNDS_WITHDRAWN: <what>".
std::string at(const Step& step, std::string_view what) {
  return "wallet " + std::to_string(std::to_underlying(step.wallet)) + ", " +
         std::string(to_string(step.event.type)) + ": " + std::string(what);
}

std::string sum_text(Int128 sum) {
  // Sums that matter fit; one that does not is broken anyway.
  return std::to_string(static_cast<int64_t>(std::clamp<Int128>(sum, INT64_MIN, INT64_MAX)));
}

bool ends_hold(const Event& event) {
  return event.type == EventType::kHoldCaptured || event.type == EventType::kHoldVoided ||
         event.type == EventType::kTransferCompensated ||
         (event.type == EventType::kFundsWithdrawn && !event.hold.none());
}

bool spends(const Event& event) {
  return event.type == EventType::kFundsHeld ||
         (event.type == EventType::kFundsWithdrawn && event.hold.none());
}

}  // namespace

Violation MoneyIsConserved::after_event(const Step& step) {
  Totals& totals = totals_[step.event.currency];
  totals.wallets += Int128{step.after.balance} - step.before.balance;
  if (auto movement = legs(step.event)) {
    (movement->contra.account == AccountKind::kWorld ? totals.world : totals.transit) +=
        movement->contra.amount;
  }
  Int128 sum = totals.wallets + totals.world + totals.transit;
  if (sum == 0) return std::nullopt;
  return at(step,
            "all " + std::string(code_of(step.event.currency)) + " sums to " + sum_text(sum) + ", not 0");
}

Violation TransitIsEmpty::after_event(const Step& step) {
  auto movement = legs(step.event);
  if (movement && movement->contra.account == AccountKind::kTransit) {
    transit_[step.event.currency] += movement->contra.amount;
  }
  return std::nullopt;
}

Violation TransitIsEmpty::after_commit() {
  for (const auto& [currency, sum] : transit_) {
    if (sum != 0)
      return "transit holds " + sum_text(sum) + " minor units of " + std::string(code_of(currency));
  }
  return std::nullopt;
}

Violation NoOverdraft::after_event(const Step& step) {
  const int64_t left = step.after.balance - step.after.held;
  if (step.after.held < 0) return at(step, "held is " + std::to_string(step.after.held));
  if (spends(step.event)) {
    if (left >= -step.after.credit_limit) return std::nullopt;
    return at(step, "left with " + std::to_string(left) + ", credit limit " +
                        std::to_string(step.after.credit_limit));
  }
  const int64_t before = step.before.balance - step.before.held;
  if (left >= before) return std::nullopt;
  return at(step, "took " + std::to_string(before - left) + " that nobody judged");
}

Violation HeldIsTheSumOfHolds::after_event(const Step& step) {
  const Event& event = step.event;
  Sum& sum = sums_[step.wallet];
  if (event.type == EventType::kFundsHeld) {
    if (!open_.try_emplace(event.hold, OpenHold{step.wallet, event.amount}).second) {
      return at(step, "hold " + event.hold.uuid.to_string() + " is placed twice");
    }
    sum.amount += event.amount;
    sum.count += 1;
  }
  if (ends_hold(event)) {
    auto open = open_.find(event.hold);
    if (open == open_.end() || open->second.wallet != step.wallet) {
      return at(step, "hold " + event.hold.uuid.to_string() + " is not an open hold of this wallet");
    }
    const int64_t freed = step.before.held - step.after.held;
    if (freed != open->second.amount) {
      return at(step,
                "frees " + std::to_string(freed) + " of a hold of " + std::to_string(open->second.amount));
    }
    sum.amount -= open->second.amount;
    sum.count -= 1;
    open_.erase(open);
  }
  if (step.after.held == sum.amount && step.after.open_holds == sum.count) return std::nullopt;
  return at(step, "held is " + std::to_string(step.after.held) + " in " +
                      std::to_string(step.after.open_holds) + " holds, its holds are " +
                      std::to_string(sum.amount) + " in " + std::to_string(sum.count));
}

void DailyLimitIsKept::count(const Step& step, Day& day) {
  const Event& event = step.event;
  const int64_t today = event.at.utc_day();
  if (spends(event)) {
    if (today > day.number) day = {.number = today, .spent = 0};
    day.spent += event.amount;
    if (event.type == EventType::kFundsHeld)
      holds_[event.hold] = {.placed_on = today, .amount = event.amount};
  }
  if (!ends_hold(event)) return;
  auto hold = holds_.find(event.hold);
  if (hold == holds_.end()) return;  // HeldIsTheSumOfHolds says so
  const bool taken = event.type == EventType::kHoldCaptured || event.type == EventType::kFundsWithdrawn;
  if (hold->second.placed_on == day.number) day.spent -= hold->second.amount - (taken ? event.amount : 0);
  holds_.erase(hold);
}

Violation DailyLimitIsKept::after_event(const Step& step) {
  Day& day = days_[step.wallet];
  count(step, day);
  if (step.after.day != day.number || step.after.day_spent != day.spent) {
    return at(step, "spent " + std::to_string(step.after.day_spent) + " on day " +
                        std::to_string(step.after.day) + ", its events say " + std::to_string(day.spent) +
                        " on day " + std::to_string(day.number));
  }
  if (!spends(step.event) || !step.after.daily_limit || day.spent <= *step.after.daily_limit)
    return std::nullopt;
  return at(step, "spent " + std::to_string(day.spent) + " of a daily limit of " +
                      std::to_string(*step.after.daily_limit));
}

std::vector<std::unique_ptr<Invariant>> all_invariants() {
  std::vector<std::unique_ptr<Invariant>> all;
  all.push_back(std::make_unique<MoneyIsConserved>());
  all.push_back(std::make_unique<NoOverdraft>());
  all.push_back(std::make_unique<HeldIsTheSumOfHolds>());
  all.push_back(std::make_unique<DailyLimitIsKept>());
  return all;
}

}  // namespace ducat::wallet
