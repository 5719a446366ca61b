// See history.h.
#include "services/risk/domain/history.h"

#include <algorithm>

#include "base/hash.h"

namespace ducat::risk {

PastMovement remembered(const Movement& movement) {
  return {movement.kind, movement.at, movement.receiver.empty() ? 0 : hash64(movement.receiver)};
}

bool History::knows(uint64_t receiver) const {
  return receivers.size() >= kMaxReceivers ||
         std::binary_search(receivers.begin(), receivers.end(), receiver);
}

void evolve(History& history, const PastMovement& movement, Duration reach) {
  auto later = [](const PastMovement& a, const PastMovement& b) { return a.at < b.at; };
  auto& recent = history.recent;
  recent.insert(std::upper_bound(recent.begin(), recent.end(), movement, later), movement);
  Timestamp oldest = recent.back().at - reach;
  auto keep = std::find_if(recent.begin(), recent.end(), [&](const auto& past) { return past.at > oldest; });
  if (auto most = recent.end() - static_cast<ptrdiff_t>(std::min(recent.size(), kMaxRecent)); keep < most) {
    keep = most;
  }
  recent.erase(recent.begin(), keep);

  if (movement.receiver == 0 || history.knows(movement.receiver)) return;
  auto& receivers = history.receivers;
  receivers.insert(std::lower_bound(receivers.begin(), receivers.end(), movement.receiver),
                   movement.receiver);
}

}  // namespace ducat::risk
