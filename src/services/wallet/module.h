// The wallet as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernel/service/service_data.h"
#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::wallet {

// The section `wallet.*` of the configuration.
std::span<const config::Setting> wallet_settings();

// Its routes may be called once `start` has succeeded.
std::unique_ptr<Module> make_wallet_module(kernel::ServicePorts ports);

// What the command line does with the wallets' data.
const kernel::ServiceData& wallet_data();

}  // namespace ducat::wallet
