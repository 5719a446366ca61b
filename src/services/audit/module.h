// The audit log as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernel/service/service_data.h"
#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::audit {

// The section `audit.*` of the configuration.
std::span<const config::Setting> audit_settings();

// Its routes may be called once `start` has succeeded. It consumes what services want recorded from the
// stream AUDIT_LOGS, in the group "audit", and answers on the same stream.
std::unique_ptr<Module> make_audit_module(kernel::ServicePorts ports);

// What the command line does with the audit log's data.
const kernel::ServiceData& audit_data();

}  // namespace ducat::audit
