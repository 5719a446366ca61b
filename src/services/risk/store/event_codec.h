// The risk service's events and histories as bytes: the messages of contracts/ducat/risk/v1/events.proto.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "kernel/journal/record.h"
#include "services/risk/domain/alert.h"

namespace ducat::risk {

struct Moved {
  std::string wallet_id;
  PastMovement movement;
  Memory memory;
};
struct AlertOpened {
  std::string wallet_id;
  std::string rule;
  std::string details;
  bool shadow = false;
};
struct AlertChanged {
  kernel::Position alert = 0;
  AlertStatus status = AlertStatus::kOpen;
  std::string note;
  std::string user_id;
};
using Event = std::variant<Moved, AlertOpened, AlertChanged>;

std::string encode(const Event& event);
// kCorrupt for anything that encode() did not write.
Result<Event> decode(std::string_view bytes);

struct StoredAlert {
  kernel::Position no = 0;  // of the event that opened it
  Alert alert;
};
std::string encode_alert(const StoredAlert& alert);
Result<StoredAlert> decode_alert(std::string_view bytes);

std::string encode_history(const History& history);
Result<History> decode_history(std::string_view bytes);

}  // namespace ducat::risk
