// Alerts: what a rule found, and what people made of it. open → investigating → closed; closing may skip the
// middle; closed is the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "services/risk/domain/rule_set.h"

namespace ducat::risk {

// Stored, so the numbers never change.
enum class AlertStatus : uint8_t { kOpen = 1, kInvestigating = 2, kClosed = 3 };

std::string_view to_string(AlertStatus status);
std::optional<AlertStatus> parse_alert_status(std::string_view text);

struct Alert {
  Uuid id;
  std::string wallet_id;
  std::string rule;
  std::string details;  // a JSON object
  bool shadow = false;
  AlertStatus status = AlertStatus::kOpen;
  std::string note;
  Timestamp created_at, updated_at;
  bool operator==(const Alert&) const = default;
};

// Why an alert cannot be changed.
enum class AlertRefusal : uint8_t { kNone, kNotFound, kClosed };

// Whether an alert may be investigated or closed: as long as it is not closed.
AlertRefusal judge_change(const Alert* alert);

// An alert that a movement opens.
struct Opened {
  std::string_view rule;
  std::string details;
  bool shadow = false;
};

// The alerts a movement opens: one for each rule that finds something and has no alert of this wallet that is
// not closed (`pending`: their names).
std::vector<Opened> judge(const RuleSet& rules, const History& history, const Movement& movement,
                          Receiver receiver, std::span<const std::string_view> pending);

}  // namespace ducat::risk
