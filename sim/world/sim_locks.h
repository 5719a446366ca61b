// What connections to one database share besides its bytes: file locks, and the wal-index with its locks.
// All connections are in this process, so both are plain memory. Rules: sqlite.org/lockingv3.html for the
// five levels, and sqlite3.h (SQLITE_SHM_*) with walformat.html, section 2.3, for the eight wal-index slots.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ducat::sim {

enum class LockLevel : int { kNone, kShared, kReserved, kPending, kExclusive };

constexpr int kShmSlots = 8;

// One connection's hold on a SharedFile. Slots are bit masks.
struct Locker {
  LockLevel level = LockLevel::kNone;
  uint16_t shm_shared = 0;
  uint16_t shm_exclusive = 0;
  bool shm_mapped = false;
};

// Lives while a connection has the file open. One thread. Refusals are `false`: SQLite's "busy".
class SharedFile {
 public:
  void add(Locker& locker) { lockers_.push_back(&locker); }
  void remove(Locker& locker);

  // Raises to `wanted`; a refused kExclusive may leave the locker at kPending, which keeps new readers out.
  bool lock(Locker& locker, LockLevel wanted);
  void unlock(Locker& locker, LockLevel wanted);
  // Somebody (the locker itself counts) intends to write.
  bool reserved() const;

  // Region `index` of the wal-index, zeroed when new; nullptr if it is not there and `extend` is false.
  std::byte* shm_region(Locker& locker, size_t index, size_t bytes, bool extend);
  bool shm_lock(Locker& locker, uint16_t mask, bool exclusive);
  void shm_unlock(Locker& locker, uint16_t mask);
  // The wal-index goes with the last connection that maps it.
  void shm_unmap(Locker& locker);

 private:
  bool others_hold(const Locker& locker, LockLevel at_least) const;

  std::vector<Locker*> lockers_;
  std::vector<std::unique_ptr<std::byte[]>> regions_;
};

}  // namespace ducat::sim
