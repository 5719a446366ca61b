// A further computer of a world: a disk of its own, so that it can lose power alone.
#pragma once

#include <string>

#include "sim/world/world.h"

namespace ducat::sim {

// Lives as long as its world at most, across crashes. Databases name its VFS. One thread.
class SimMachine {
 public:
  SimMachine(World& world, const std::string& name)
      : name_(name),
        disk_random_(world.random_for(name + ".disk")),
        vfs_random_(world.random_for(name + ".sqlite")),
        disk_(disk_random_, world.trace()),
        vfs_("ducat-sim-" + name, disk_, vfs_random_, world.scheduler(), false) {}

  const std::string& name() const { return name_; }
  SimDisk& disk() { return disk_; }
  SimVfs& vfs() { return vfs_; }

 private:
  const std::string name_;
  SeededRandom disk_random_;
  SeededRandom vfs_random_;
  SimDisk disk_;
  SimVfs vfs_;
};

}  // namespace ducat::sim
