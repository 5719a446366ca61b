// See recent_keys.h.
#include "kernel/engine/recent_keys.h"

#include <algorithm>

#include "base/check.h"

namespace ducat::kernel {

std::optional<UsedKey> RecentKeys::Generation::find(uint64_t hash, std::string_view key) const {
  auto found = newest.find(hash);
  if (found == newest.end()) return std::nullopt;
  for (uint32_t at = found->second; at != kNone; at = entries[at].before) {
    const Entry& entry = entries[at];
    if (key_of(entry) != key) continue;
    std::string_view answer = std::string_view(texts).substr(entry.text + entry.key_size, entry.answer_size);
    return UsedKey{key_of(entry), entry.fingerprint, answer, entry.record, entry.at};
  }
  return std::nullopt;
}

void RecentKeys::Generation::add(uint64_t hash, const UsedKey& used) {
  auto index = static_cast<uint32_t>(entries.size());
  auto [place, fresh] = newest.try_emplace(hash, index);
  entries.push_back({hash, used.fingerprint, used.record, used.at, texts.size(),
                     static_cast<uint32_t>(used.key.size()), static_cast<uint32_t>(used.answer.size()),
                     fresh ? kNone : place->second});
  place->second = index;
  texts.append(used.key).append(used.answer);
}

void RecentKeys::Generation::remove(uint64_t hash, std::string_view key) {
  auto found = newest.find(hash);
  DUCAT_CHECK(found != newest.end() && key_of(entries[found->second]) == key,
              "only the newest key is taken back");
  // The entry stays behind as one of no record, which no run gets.
  entries[found->second].record = 0;
  uint32_t before = entries[found->second].before;
  if (before == kNone) {
    newest.erase(found);
  } else {
    found->second = before;
  }
}

std::shared_ptr<const KeysToWrite> RecentKeys::take_elder(int64_t run_id) {
  auto keys = std::make_shared<KeysToWrite>();
  keys->run_id = run_id;
  keys->up_to_record = elder_last_record_;
  keys->sorted.reserve(elder_->entries.size());
  for (const Entry& entry : elder_->entries) {
    if (entry.record == 0) continue;
    keys->sorted.push_back(KeyEntry{static_cast<int64_t>(entry.hash), entry.record});
    keys->newest_at = std::max(keys->newest_at, entry.at);
  }
  std::sort(keys->sorted.begin(), keys->sorted.end(),
            [](const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; });
  handed_over_ = true;
  return keys;
}

}  // namespace ducat::kernel
