// See alert.h.
#include "services/risk/domain/alert.h"

#include <algorithm>

namespace ducat::risk {

std::string_view to_string(AlertStatus status) {
  switch (status) {
    case AlertStatus::kOpen:
      return "open";
    case AlertStatus::kInvestigating:
      return "investigating";
    case AlertStatus::kClosed:
      return "closed";
  }
  return {};
}

std::optional<AlertStatus> parse_alert_status(std::string_view text) {
  for (AlertStatus status : {AlertStatus::kOpen, AlertStatus::kInvestigating, AlertStatus::kClosed}) {
    if (text == to_string(status)) return status;
  }
  return std::nullopt;
}

AlertRefusal judge_change(const Alert* alert) {
  if (alert == nullptr) return AlertRefusal::kNotFound;
  return alert->status == AlertStatus::kClosed ? AlertRefusal::kClosed : AlertRefusal::kNone;
}

std::vector<Opened> judge(const RuleSet& rules, const History& history, const Movement& movement,
                          Receiver receiver, std::span<const std::string_view> pending) {
  std::vector<Opened> opened;
  for (const NamedRule& named : rules.rules()) {
    if (std::find(pending.begin(), pending.end(), named.name) != pending.end()) continue;
    std::optional<Finding> finding = named.rule->judge(history, movement, receiver);
    if (!finding) continue;
    std::string details = "{";
    for (const auto& [name, value] : finding->details) {
      if (details.size() > 1) details += ',';
      details.append("\"").append(name).append("\":").append(value);
    }
    opened.push_back({named.name, details + "}", named.shadow});
  }
  return opened;
}

}  // namespace ducat::risk
