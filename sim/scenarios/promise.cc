#include "sim/scenarios/promise.h"

#include "platform/telemetry/logger.h"
#include "sim/scenarios/promise_run.h"

namespace ducat::sim {
namespace {

// A publish that fails is a line for operators; here they fail by the thousand, as they are meant to.
class QuietLog {
 public:
  QuietLog() : started_(log::start({.level = log::Level::kError}).has_value()) {}
  ~QuietLog() {
    if (started_) log::stop();
  }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;

 private:
  const bool started_;
};

}  // namespace

Status Promise::run(World& world) {
  QuietLog quiet;
  PromiseRun run(world, PromisePlan::draw(world.random(), bug_));
  return run.run();
}

}  // namespace ducat::sim
