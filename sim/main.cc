// ducat_sim: runs the scenarios in simulated worlds, one for each seed, and says whether every promise held.
//
//   ducat_sim --seeds 200            seeds 1…200
//   ducat_sim --seed 17 --verbose    one seed, with what happens in it
//   ducat_sim --scenario NAME …      only that scenario
//
// The last line is the verdict. Its hash covers every decision of every run: the same command gives the same
// hash on every machine. Exit code: 0 passed, 1 a promise was broken, 2 wrong usage.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/scenarios/scenario.h"

namespace ducat::sim {
namespace {

struct Options {
  uint64_t seeds = 0;
  uint64_t seed = 0;
  std::string scenario;
  bool verbose = false;
};

struct Totals {
  Trace trace;
  uint64_t seeds = 0;
  uint64_t failed = 0;
  uint64_t first_failed = 0;
};

// Runs every scenario on one seed; each in a world of its own.
void run_seed(uint64_t seed, const Options& options, std::span<const std::unique_ptr<Scenario>> scenarios,
              Totals& totals) {
  bool failed = false;
  for (const auto& scenario : scenarios) {
    World world(seed, options.verbose);
    Status status = scenario->run(world);
    totals.trace.add_text("scenario", scenario->name());
    totals.trace.add("run", seed, world.trace().hash(), status.has_value() ? 1 : 0);
    if (options.verbose || !status) {
      std::printf("seed %llu %s: %s, %llu steps, hash %016llx\n", static_cast<unsigned long long>(seed),
                  std::string(scenario->name()).c_str(), status ? "ok" : "FAILED",
                  static_cast<unsigned long long>(world.scheduler().steps()),
                  static_cast<unsigned long long>(world.trace().hash()));
    }
    if (!status) {
      failed = true;
      std::printf("  broken: %s\n  again:  ./dev sim --seed %llu\n", status.error().message.c_str(),
                  static_cast<unsigned long long>(seed));
    }
  }
  ++totals.seeds;
  if (failed && totals.failed++ == 0) totals.first_failed = seed;
}

Totals run_all(const Options& options, std::span<const std::unique_ptr<Scenario>> scenarios) {
  Totals totals;
  if (options.seed != 0) {
    run_seed(options.seed, options, scenarios, totals);
    return totals;
  }
  uint64_t progress_every = std::max<uint64_t>(1, options.seeds / 10);
  for (uint64_t seed = 1; seed <= options.seeds; ++seed) {
    run_seed(seed, options, scenarios, totals);
    if (seed % progress_every == 0) {
      std::printf("%llu of %llu seeds, %llu failed\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(options.seeds),
                  static_cast<unsigned long long>(totals.failed));
      std::fflush(stdout);
    }
  }
  return totals;
}

int print_verdict(const Totals& totals) {
  bool passed = totals.failed == 0;
  std::string failures =
      passed ? ""
             : " failed=" + std::to_string(totals.failed) + " first=" + std::to_string(totals.first_failed);
  std::printf("verdict: %s seeds=%llu%s hash=%016llx\n", passed ? "PASS" : "FAIL",
              static_cast<unsigned long long>(totals.seeds), failures.c_str(),
              static_cast<unsigned long long>(totals.trace.hash()));
  return passed ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App app{"Runs Ducat's scenarios in simulated worlds, one for each seed."};
  Options options;
  auto* seeds = app.add_option("--seeds", options.seeds, "Run seeds 1…N")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "Run this seed only")->check(CLI::PositiveNumber)->excludes(seeds);
  app.add_option("--scenario", options.scenario, "Run this scenario only");
  app.add_flag("--verbose", options.verbose, "Say what happens in each run");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.seeds == 0 && options.seed == 0) options.seeds = 100;

  auto scenarios = all_scenarios();
  if (!options.scenario.empty()) {
    std::erase_if(scenarios, [&](const auto& scenario) { return scenario->name() != options.scenario; });
    if (scenarios.empty()) {
      std::fprintf(stderr, "no such scenario: %s\n", options.scenario.c_str());
      return 2;
    }
  }
  return print_verdict(run_all(options, scenarios));
}

}  // namespace
}  // namespace ducat::sim

int main(int argc, char** argv) {
  return ducat::sim::run(argc, argv);
}
