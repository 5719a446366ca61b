// The audit log as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::audit {

// The section `audit.*` of the configuration.
std::span<const config::Setting> audit_settings();

// Its routes may be called once `start` has succeeded. It consumes what services want recorded from the
// stream AUDIT_LOGS, in the group "audit", and answers on the same stream.
std::unique_ptr<Module> make_audit_module(kernel::ServicePorts ports);

// `ducat audit verify`: reads everything, prints what it found; the exit code (0: all is well, 1: not, 2:
// could not be verified).
int verify_audit_log(const config::Settings& settings, const kernel::Targets& targets,
                     const std::string& data_directory);

// `ducat projections rebuild`: drops the tables and makes them again from the journal, with nothing else
// running.
Status rebuild_audit_log(const config::Settings& settings, const kernel::Targets& targets,
                         const std::string& holder);

// `ducat projections list`: a line.
Status list_audit_projections(const kernel::Targets& targets);

// The name of its journal, for `ducat journal tail`, and an event as a line of JSON.
inline constexpr const char* kAuditJournal = "audit";
std::string describe_audit_event(std::string_view body);

}  // namespace ducat::audit
