// Handing a generation of keys over to the tables.
#include "kernel/engine/recent_keys.h"

#include <algorithm>

namespace ducat::kernel {

std::shared_ptr<const KeysToWrite> RecentKeys::take_elder(RecordNumber durable, int64_t run_id) {
  if (!elder_ready(durable)) return nullptr;
  auto keys = std::make_shared<KeysToWrite>();
  keys->run_id = run_id;
  keys->up_to_record = elder_last_record_;
  keys->sorted.reserve(elder_->size());
  for (const auto& [hash, used] : *elder_) {
    keys->sorted.push_back(KeyEntry{static_cast<int64_t>(hash), used.record});
    keys->newest_at = std::max(keys->newest_at, used.at);
  }
  std::sort(keys->sorted.begin(), keys->sorted.end(),
            [](const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; });
  handed_over_ = true;
  return keys;
}

}  // namespace ducat::kernel
