// Transactions as a part of the process: their settings, and their life.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "platform/broker/broker.h"
#include "platform/config/settings.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/executor.h"
#include "platform/runtime/module.h"
#include "platform/runtime/task.h"
#include "platform/storage/open.h"
#include "platform/telemetry/metrics.h"

namespace ducat::transactions {

// The section `transactions.*` of the configuration, and `retention.deleted_days`.
std::span<const config::Setting> transactions_settings();

// Where a service's databases are: the target of a name ("transactions", durable or not).
using Targets = std::function<storage::StorageTarget(const std::string& name, bool durable)>;

// What the module is given. Everything outlives it. The random source may be shared by threads.
struct ModulePorts {
  const config::Settings& settings;
  Targets targets;
  std::string holder;  // who leads, for leases
  Clock& clock;
  Random& random;
  Timers& timers;
  rpc::Registry& registry;
  metrics::Registry& metrics;
};

// The streams it publishes to: AUDIT_LOGS, on which the audit service answers as well, and TRANSACTIONS.
std::vector<broker::StreamSpec> transaction_streams();

// The group and the types of the consumer that calls `handle`.
broker::SubscriptionOptions audit_answers();

// Binds its routes at once, so that the API is complete before anything starts. After `start`: feed the
// sources to their streams, and call `handle` for what the consumer of `audit_answers` gets; the feed and the
// consumer end before `stop`.
class TransactionsModule : public Module {
 public:
  virtual broker::Source& audit_messages() = 0;     // of AUDIT_LOGS
  virtual broker::Source& business_messages() = 0;  // of TRANSACTIONS
  virtual Task<Status> handle(const broker::Message& message, Executor& home) = 0;
};
std::unique_ptr<TransactionsModule> make_transactions_module(ModulePorts ports);

// Checks the journal against every invariant, and the tables against the journal. Prints what it found; the
// exit code (0: all is well, 1: not, 2: could not be verified).
int verify_transactions(const config::Settings& settings, const Targets& targets);

}  // namespace ducat::transactions
