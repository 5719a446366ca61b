// The risk service as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/service/service_data.h"
#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::risk {

// The section `risk.*` of the configuration.
std::span<const config::Setting> risk_settings();

// Its routes may be called once `start` has succeeded. A rule that cannot be read fails the start.
std::unique_ptr<Module> make_risk_module(kernel::ServicePorts ports);

// What the command line does with the risk service's data.
const kernel::ServiceData& risk_data();

}  // namespace ducat::risk
