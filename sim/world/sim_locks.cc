#include "sim/world/sim_locks.h"

#include <algorithm>

#include "base/check.h"

namespace ducat::sim {

void SharedFile::remove(Locker& locker) {
  shm_unmap(locker);
  std::erase(lockers_, &locker);
}

bool SharedFile::others_hold(const Locker& locker, LockLevel at_least) const {
  return std::any_of(lockers_.begin(), lockers_.end(),
                     [&](const Locker* other) { return other != &locker && other->level >= at_least; });
}

bool SharedFile::lock(Locker& locker, LockLevel wanted) {
  if (locker.level >= wanted) return true;
  switch (wanted) {
    case LockLevel::kShared:
      if (others_hold(locker, LockLevel::kPending)) return false;
      break;
    case LockLevel::kReserved:
      DUCAT_CHECK(locker.level == LockLevel::kShared, "a writer reads first");
      if (others_hold(locker, LockLevel::kReserved)) return false;
      break;
    case LockLevel::kExclusive:
      DUCAT_CHECK(locker.level >= LockLevel::kShared, "a writer reads first");
      if (others_hold(locker, LockLevel::kReserved)) return false;
      if (others_hold(locker, LockLevel::kShared)) {
        locker.level = LockLevel::kPending;
        return false;
      }
      break;
    case LockLevel::kNone:
    case LockLevel::kPending:
      DUCAT_CHECK(false, "SQLite never asks for this level");
  }
  locker.level = wanted;
  return true;
}

void SharedFile::unlock(Locker& locker, LockLevel wanted) {
  DUCAT_CHECK(wanted <= LockLevel::kShared, "SQLite unlocks to shared or none");
  locker.level = std::min(locker.level, wanted);
}

bool SharedFile::reserved() const {
  return std::any_of(lockers_.begin(), lockers_.end(),
                     [](const Locker* locker) { return locker->level >= LockLevel::kReserved; });
}

std::byte* SharedFile::shm_region(Locker& locker, size_t index, size_t bytes, bool extend) {
  locker.shm_mapped = true;
  while (extend && regions_.size() <= index) regions_.push_back(std::make_unique<std::byte[]>(bytes));
  return index < regions_.size() ? regions_[index].get() : nullptr;
}

bool SharedFile::shm_lock(Locker& locker, uint16_t mask, bool exclusive) {
  for (const Locker* other : lockers_) {
    if (other == &locker) continue;
    if ((other->shm_exclusive & mask) != 0) return false;
    if (exclusive && (other->shm_shared & mask) != 0) return false;
  }
  uint16_t& held = exclusive ? locker.shm_exclusive : locker.shm_shared;
  held = static_cast<uint16_t>(held | mask);
  return true;
}

void SharedFile::shm_unlock(Locker& locker, uint16_t mask) {
  locker.shm_shared = static_cast<uint16_t>(locker.shm_shared & ~mask);
  locker.shm_exclusive = static_cast<uint16_t>(locker.shm_exclusive & ~mask);
}

void SharedFile::shm_unmap(Locker& locker) {
  shm_unlock(locker, static_cast<uint16_t>(~0U));
  locker.shm_mapped = false;
  bool mapped =
      std::any_of(lockers_.begin(), lockers_.end(), [](const Locker* other) { return other->shm_mapped; });
  if (!mapped) regions_.clear();
}

}  // namespace ducat::sim
