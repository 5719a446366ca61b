#include "sim/world/world.h"

#include <cstdio>

namespace ducat::sim {

World::World(uint64_t seed, bool verbose)
    : seed_(seed),
      verbose_(verbose),
      workload_random_(random_for("workload")),
      disk_random_(random_for("disk")),
      vfs_random_(random_for("sqlite")),
      scheduler_(seed, trace_),
      disk_(disk_random_, trace_),
      vfs_("ducat-sim", disk_, vfs_random_, scheduler_) {}

void World::note(std::string_view text) {
  trace_.add_text("note", text);
  if (!verbose_) return;
  std::printf("%12.6f  %.*s\n", static_cast<double>(scheduler_.monotonic().micros) / 1e6,
              static_cast<int>(text.size()), text.data());
}

}  // namespace ducat::sim
