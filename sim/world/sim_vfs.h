// SQLite's view of the simulated machine: a VFS that puts every file on a SimDisk, takes randomness from the
// seed and time from the scheduler, so that production's SQLite code runs on it unchanged.
//
// Followed: sqlite.org/vfs.html and the contracts in sqlite3.h (sqlite3_io_methods, sqlite3_vfs), with the
// choices of the Unix VFS where they matter after a crash: a new journal or log is made durable together with
// its name, a deleted one only if SQLite asks, the device is powersafe for overwrites and promises nothing
// else.
#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "sim/world/sim_disk.h"
#include "sim/world/sim_scheduler.h"

namespace ducat::sim {

// Registers itself under `name` for its lifetime and, unless it is a further machine's, as SQLite's default
// VFS, and makes SQLite's own generator start anew from the default one's randomness. Connections must be
// closed before it goes; those from before a reboot of the disk answer SQLITE_IOERR and share no locks and no
// memory with newer ones. One thread, one living default SimVfs a process.
class SimVfs {
 public:
  // All of them must outlive the VFS.
  SimVfs(std::string name, SimDisk& disk, Random& random, SimScheduler& scheduler, bool is_default = true);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  const std::string& name() const;
  // Files SQLite holds open now; 0 when every connection is closed.
  size_t open_files() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::sim
