// The audit log as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "platform/broker/broker.h"
#include "platform/config/settings.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/executor.h"
#include "platform/runtime/module.h"
#include "platform/runtime/task.h"
#include "platform/storage/open.h"
#include "platform/telemetry/metrics.h"

namespace ducat::audit {

class AuditService;

// The section `audit.*` of the configuration.
std::span<const config::Setting> audit_settings();

// Where a service's databases are: the target of a name ("audit", durable or not).
using Targets = std::function<storage::StorageTarget(const std::string& name, bool durable)>;

// What the module is given. Everything outlives it.
struct ModulePorts {
  const config::Settings& settings;
  Targets targets;
  std::string data_directory;  // where its signing key is kept
  std::string holder;          // who leads, for leases
  Clock& clock;
  Timers& timers;
  rpc::Registry& registry;
  metrics::Registry& metrics;
};

// Beyond a module's life: what others in the process connect it with, from the end of `start` to the
// beginning of `stop`.
class AuditModule : public Module {
 public:
  virtual AuditService& service() = 0;
  // To be fed to the stream `audit_stream` (audit_messages.h), from which it also consumes, in the group
  // "audit", with `handle`.
  virtual broker::Source& answers() = 0;
  virtual Task<Status> handle(const broker::Message& message, Executor& home) = 0;
};

// Binds its routes at once, so that the API is complete before anything starts; they may be called once
// `start` has succeeded.
std::unique_ptr<AuditModule> make_audit_module(ModulePorts ports);

// `ducat audit verify`: reads everything, prints what it found; the exit code (0: all is well, 1: not, 2:
// could not be verified).
int verify_audit_log(const config::Settings& settings, const Targets& targets,
                     const std::string& data_directory);

// `ducat projections rebuild`: drops the tables and makes them again from the journal, with nothing else
// running.
Status rebuild_audit_log(const config::Settings& settings, const Targets& targets, const std::string& holder);

// `ducat projections list`: a line.
Status list_audit_projections(const Targets& targets);

// The name of its journal, for `ducat journal tail`, and an event as a line of JSON.
inline constexpr const char* kAuditJournal = "audit";
std::string describe_audit_event(std::string_view body);

}  // namespace ducat::audit
