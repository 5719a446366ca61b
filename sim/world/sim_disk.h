// A disk in memory that loses power the way real ones do.
//
// What is written is seen by every reader at once (the page cache) but is durable only after sync. A power
// cut keeps, for each file by itself, nothing, everything, a prefix, or a lottery of the 512-byte sectors
// written since the last sync; one write may be half there, and a file may have grown without its data (then
// the new bytes are zeros or garbage). Bytes outside a written range never change, so a sector overwrite is
// safe for its neighbours. Names behave like files: a create or delete is durable after sync_directory, and
// until then each name may be in any of the states it went through.
//
// A failed sync follows Linux: some of the data reached the disk, all of it counts as clean afterwards, and a
// later sync that succeeds says nothing about it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "sim/world/trace.h"

namespace ducat::sim {

constexpr uint64_t kSectorBytes = 512;

// Lives as long as its world, across crashes. One thread. Errors: kUnavailable (no power, or a handle from
// before the last reboot), kFull, kIo (injected), kNotFound.
class SimDisk {
 public:
  struct Inode;
  // An open file; useless after a reboot. Keeps the data of a deleted file alive, as POSIX does.
  struct Handle {
    std::shared_ptr<Inode> inode;
    uint64_t boot = 0;
  };

  // `random` decides what a crash leaves and must outlive the disk.
  SimDisk(Random& random, Trace& trace);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  Result<Handle> open(std::string_view path, bool create);
  // Answers how many bytes there were; fewer than asked at the end of the file.
  Result<size_t> read(const Handle& file, uint64_t offset, std::span<char> into);
  // On kFull a prefix may have been written.
  Status write(const Handle& file, uint64_t offset, std::string_view data);
  Status truncate(const Handle& file, uint64_t size);
  Status sync(const Handle& file);
  Result<uint64_t> size(const Handle& file);
  Result<bool> exists(std::string_view path);
  Result<uint64_t> size(std::string_view path);
  Status remove(std::string_view path);
  Status sync_directory();

  // Operations that change something: writes, truncates, syncs, creates, removes, directory syncs.
  uint64_t operations() const { return operations_; }
  // Power fails during the k-th such operation from now (k >= 1): a write is in flight then, a sync is not
  // done.
  void cut_power_after(uint64_t k) { cut_at_ = operations_ + k; }
  void cut_power() { dead_ = true; }
  bool dead() const { return dead_; }

  // The machine comes back after a power cut: keeps what a cut may keep.
  void reboot_after_power_cut();
  // Only the process died (kill -9): the page cache is still there, nothing is lost.
  void reboot_after_kill();
  // Counts reboots; handles carry it.
  uint64_t boot() const { return boot_; }

  // Faults, in force until set again. Capacity counts all live files; 0 is unlimited.
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  // `where`: only of files whose path begins so.
  void fail_syncs(uint32_t next, std::string_view where = {}) {
    failing_syncs_ = next;
    failing_syncs_where_ = where;
  }
  void fail_directory_syncs(uint32_t next) { failing_directory_syncs_ = next; }
  void fail_reads(uint32_t next) { failing_reads_ = next; }
  uint64_t used_bytes() const;

 private:
  struct NameChange {
    std::string path;
    std::shared_ptr<Inode> inode;  // none: removed
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

  Status usable(const Handle& file) const;
  // Counts an operation; true if the power fails during it.
  bool begin_operation();
  Status cut_now();
  uint64_t room_for(const Inode& inode, uint64_t end) const;
  void keep_some(Inode& inode);
  void keep_some_names();
  void start_again();

  Random& random_;
  Trace& trace_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;
  uint64_t operations_ = 0;
  uint64_t cut_at_ = 0;
  uint64_t boot_ = 1;
  uint64_t capacity_ = 0;
  uint32_t failing_syncs_ = 0;
  std::string failing_syncs_where_;
  uint32_t failing_directory_syncs_ = 0;
  uint32_t failing_reads_ = 0;
  bool dead_ = false;
};

}  // namespace ducat::sim
