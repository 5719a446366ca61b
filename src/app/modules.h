// The table of modules: a row for each service, and what it needs. `all` is every row.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/audit/module.h"
#include "services/identity/module.h"
#include "services/risk/module.h"
#include "services/transactions/module.h"
#include "services/wallet/module.h"

namespace ducat::app {

// What every service is given, and what only identity is.
struct ModuleContext {
  kernel::ServicePorts ports;
  identity::Access& access;
};

struct ModuleRow {
  std::string name;
  std::vector<std::string> needs;
  std::function<std::unique_ptr<Module>(ModuleContext)> make;  // the gateway is made by the server itself
  // Its services in the contracts: what a gateway serves when it runs elsewhere.
  std::vector<std::string> contracts;
  // How the command line opens its journals and tables; null: it has none.
  const kernel::ServiceData* data = nullptr;
};

// The row that serves what runs elsewhere; `all` leaves it out, since nothing does then.
constexpr std::string_view kGateway = "gateway";

const std::vector<ModuleRow>& module_table();
// Null: there is none of that name.
const ModuleRow* row_of(std::string_view name);

// Service → "host:port", one or several, of those that have any.
using Addresses = std::map<std::string, std::vector<std::string>>;
// services.<name>.address for every service of the table.
std::span<const config::Setting> address_settings();
Addresses addresses_of(const config::Settings& settings);

// The rows that `services` ("wallet", several separated by commas, or "all") asks for, with all they need
// that has no address elsewhere, in the order of their start. kInvalid names an unknown one and those there
// are.
Result<std::vector<const ModuleRow*>> select_modules(const std::vector<std::string>& services,
                                                     const Addresses& elsewhere);

}  // namespace ducat::app
