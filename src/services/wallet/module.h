// The wallet as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::wallet {

// The section `wallet.*` of the configuration.
std::span<const config::Setting> wallet_settings();

// Its routes may be called once `start` has succeeded.
std::unique_ptr<Module> make_wallet_module(kernel::ServicePorts ports);

// `ducat wallet verify`: refolds every shard, prints what it found; the exit code (0: all is well, 1: not, 2:
// could not be verified).
int verify_wallets(const config::Settings& settings, const kernel::Targets& targets);

// `ducat projections rebuild`: empties the tables and makes them again from the journal, with nothing else
// running.
Status rebuild_wallets(const config::Settings& settings, const kernel::Targets& targets,
                       const std::string& holder);

// `ducat projections list`: a line for each shard.
Status list_wallet_projections(const config::Settings& settings, const kernel::Targets& targets);

// Names of the wallet's journals, for `ducat journal tail`.
std::vector<std::string> wallet_journals(const config::Settings& settings);
// An event as a line of JSON.
std::string describe_wallet_event(std::string_view body);

}  // namespace ducat::wallet
