// The table of modules: a row for each service, and what it needs. `all` is every row.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/audit/module.h"
#include "services/wallet/module.h"

namespace ducat::app {

// What every service is given.
using ModuleContext = audit::ModulePorts;

struct ModuleRow {
  std::string name;
  std::vector<std::string> needs;
  std::function<std::unique_ptr<Module>(ModuleContext)> make;
};

const std::vector<ModuleRow>& module_table();

// The rows that `services` ("wallet", several separated by commas, or "all") asks for with all they need, in
// the order of their start. kInvalid names an unknown one and those there are.
Result<std::vector<const ModuleRow*>> select_modules(const std::vector<std::string>& services);

}  // namespace ducat::app
