#include "sim/scenarios/scenario.h"

#include "sim/scenarios/engine_ledger.h"
#include "sim/scenarios/promise.h"
#include "sim/scenarios/sqlite_commits.h"
#include "sim/scenarios/wallet_crashes.h"

namespace ducat::sim {

std::vector<std::unique_ptr<Scenario>> all_scenarios() {
  std::vector<std::unique_ptr<Scenario>> scenarios;
  scenarios.push_back(std::make_unique<SqliteCommits>(Synchronous::kFull));
  scenarios.push_back(std::make_unique<SqliteCommits>(Synchronous::kNormal));
  scenarios.push_back(std::make_unique<EngineLedger>());
  scenarios.push_back(std::make_unique<WalletCrashes>());
  scenarios.push_back(std::make_unique<Promise>());
  return scenarios;
}

}  // namespace ducat::sim
