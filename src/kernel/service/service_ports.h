// What every service's module is given by the process it runs in.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "platform/broker/broker.h"
#include "platform/cache/cache.h"
#include "platform/config/settings.h"
#include "platform/rpc/invoker.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/executor.h"
#include "platform/storage/open.h"
#include "platform/telemetry/metrics.h"

namespace ducat::kernel {

struct LeadTogether;

// Where a service's databases are: the target of a name ("wallet-0", durable or not).
using Targets = std::function<storage::StorageTarget(const std::string& name, bool durable)>;

// What the settings of every service have in common: `idempotency.ttl`.
std::span<const config::Setting> service_settings();

// Everything outlives the module. Its routes are bound when it is made, so that the API is complete before
// anything starts; the broker is started before the first module and stopped after the last.
struct ServicePorts {
  const config::Settings& settings;
  Targets targets;
  std::string data_directory;  // for keys and the like: files of mode 0600
  bool dev = false;
  std::string holder;  // who leads, for leases
  Clock& clock;
  Random& random;
  Timers& timers;
  rpc::Registry& registry;
  metrics::Registry& metrics;
  broker::Broker* broker = nullptr;           // null: nothing is published and nothing consumed (tools)
  rpc::ServiceDirectory* services = nullptr;  // the way to other services (src/clients); null for tools
  cache::Cache* cache = nullptr;              // for instances that follow; null: none
  LeadTogether* together = nullptr;           // EngineHostOptions::together; null for tools
};

}  // namespace ducat::kernel
