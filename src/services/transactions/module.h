// Transactions as a part of the process: their settings, and their life.
#pragma once

#include <memory>
#include <span>

#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::transactions {

// The section `transactions.*` of the configuration, and `retention.deleted_days`.
std::span<const config::Setting> transactions_settings();

// Its routes may be called once `start` has succeeded. It publishes to AUDIT_LOGS, on which the audit service
// answers as well, and to TRANSACTIONS; without a broker no change is ever confirmed. One that waits for its
// audit record when the process stops is answered with 503 and goes on after the next start.
std::unique_ptr<Module> make_transactions_module(kernel::ServicePorts ports);

// Checks the journal against every invariant, and the tables against the journal. Prints what it found; the
// exit code (0: all is well, 1: not, 2: could not be verified).
int verify_transactions(const config::Settings& settings, const kernel::Targets& targets);

}  // namespace ducat::transactions
