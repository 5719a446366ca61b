// The ground everything stands on: what SQLite answered OK to a COMMIT is there after a power cut. A writer,
// a reader and a checkpointer share one database in WAL mode; the power fails at a drawn operation or the
// process is killed, again and again, and after each restart the database is compared with what had been
// answered.
#pragma once

#include "sim/scenarios/scenario.h"

namespace ducat::sim {

// kFull keeps every commit. kNormal may lose the newest ones in a power cut, but leaves no hole and nothing
// half. kOff promises nothing: it is the planted bug that shows that the check finds one.
enum class Synchronous { kFull, kNormal, kOff };

class SqliteCommits final : public Scenario {
 public:
  // `planted`: keep the promises of kFull to a database that runs with `mode`.
  explicit SqliteCommits(Synchronous mode, bool planted = false) : mode_(mode), planted_(planted) {}
  std::string_view name() const override;
  Status run(World& world) override;

 private:
  Synchronous mode_;
  bool planted_;
};

}  // namespace ducat::sim
