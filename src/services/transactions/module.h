// Transactions as a part of the process: their settings, and their life.
#pragma once

#include <memory>
#include <span>

#include "kernel/service/service_data.h"
#include "kernel/service/service_ports.h"
#include "platform/runtime/module.h"

namespace ducat::transactions {

// The section `transactions.*` of the configuration, and `retention.deleted_days`.
std::span<const config::Setting> transactions_settings();

// Its routes may be called once `start` has succeeded. It publishes to AUDIT_LOGS, on which the audit service
// answers as well, and to TRANSACTIONS; without a broker no change is ever confirmed. One that waits for its
// audit record when the process stops is answered with 503 and goes on after the next start.
std::unique_ptr<Module> make_transactions_module(kernel::ServicePorts ports);

// What the command line does with the data of transactions.
const kernel::ServiceData& transactions_data();

}  // namespace ducat::transactions
