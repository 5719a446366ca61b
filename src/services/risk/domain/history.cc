// See history.h.
#include "services/risk/domain/history.h"

#include <algorithm>

#include "base/hash.h"

namespace ducat::risk {

PastMovement remembered(const Movement& movement) {
  return {movement.kind, movement.at, movement.receiver.empty() ? 0 : hash64(movement.receiver)};
}

Receiver evolve(History& history, const PastMovement& movement, Memory memory) {
  auto later = [](const PastMovement& a, const PastMovement& b) { return a.at < b.at; };
  auto& recent = history.recent;
  recent.insert(std::upper_bound(recent.begin(), recent.end(), movement, later), movement);
  Timestamp oldest = recent.back().at - memory.reach;
  auto keep = std::find_if(recent.begin(), recent.end(), [&](const auto& past) { return past.at > oldest; });
  size_t limit = std::min(memory.most, kMaxRecent);
  if (auto most = recent.end() - static_cast<ptrdiff_t>(std::min(recent.size(), limit)); keep < most) {
    keep = most;
  }
  recent.erase(recent.begin(), keep);

  if (movement.receiver == 0) return Receiver::kNone;
  auto& receivers = history.receivers;
  if (receivers.size() >= kMaxReceivers) return Receiver::kKnown;
  auto place = std::lower_bound(receivers.begin(), receivers.end(), movement.receiver);
  if (place != receivers.end() && *place == movement.receiver) return Receiver::kKnown;
  receivers.insert(place, movement.receiver);
  return Receiver::kNew;
}

}  // namespace ducat::risk
