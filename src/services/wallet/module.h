// The wallet as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "platform/config/settings.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/executor.h"
#include "platform/runtime/module.h"
#include "platform/storage/open.h"
#include "platform/telemetry/metrics.h"

namespace ducat::wallet {

// The section `wallet.*` of the configuration.
std::span<const config::Setting> wallet_settings();

// Where a service's databases are: the target of a name ("wallet-0", durable or not).
using Targets = std::function<storage::StorageTarget(const std::string& name, bool durable)>;

// What the module is given. Everything outlives it.
struct ModulePorts {
  const config::Settings& settings;
  Targets targets;
  std::string holder;  // who leads, for leases
  Clock& clock;
  Timers& timers;
  rpc::Registry& registry;
  metrics::Registry& metrics;
};

// Binds its routes at once, so that the API is complete before anything starts; they may be called once
// `start` has succeeded.
std::unique_ptr<Module> make_wallet_module(ModulePorts ports);

// `ducat wallet verify`: refolds every shard, prints what it found; the exit code (0: all is well, 1: not, 2:
// could not be verified).
int verify_wallets(const config::Settings& settings, const Targets& targets);

// `ducat projections rebuild`: empties the tables and makes them again from the journal, with nothing else
// running.
Status rebuild_wallets(const config::Settings& settings, const Targets& targets, const std::string& holder);

// `ducat projections list`: a line for each shard.
Status list_wallet_projections(const config::Settings& settings, const Targets& targets);

// Names of the wallet's journals, for `ducat journal tail`.
std::vector<std::string> wallet_journals(const config::Settings& settings);
// An event as a line of JSON.
std::string describe_wallet_event(std::string_view body);

}  // namespace ducat::wallet
