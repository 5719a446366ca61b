// What the simulator runs: a workload with its checks, in a world made from a seed.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/world/world.h"

namespace ducat::sim {

// Stateless between runs: everything a run needs comes from the world. An error is a broken promise, said so
// that a reader knows what was promised and what was found; the seed is added by the caller.
class Scenario {
 public:
  virtual ~Scenario() = default;
  virtual std::string_view name() const = 0;
  virtual Status run(World& world) = 0;
};

// The table of what `ducat_sim` runs for every seed.
std::vector<std::unique_ptr<Scenario>> all_scenarios();

}  // namespace ducat::sim
