// Rows only: how a service is made stands in its folder.
#include "app/modules.h"

#include <algorithm>

namespace ducat::app {
namespace {

Status add_with_needs(const std::string& name, std::vector<const ModuleRow*>& chosen) {
  const auto& table = module_table();
  auto row = std::find_if(table.begin(), table.end(), [&](const ModuleRow& r) { return r.name == name; });
  if (row == table.end()) {
    std::string known;
    for (const ModuleRow& r : table) known += (known.empty() ? "" : ", ") + r.name;
    return fail(Errc::kInvalid, "there is no service \"" + name + "\"; there are: all, " + known);
  }
  if (std::find(chosen.begin(), chosen.end(), &*row) != chosen.end()) return {};
  for (const std::string& need : row->needs) DUCAT_TRY(add_with_needs(need, chosen));
  chosen.push_back(&*row);
  return {};
}

std::unique_ptr<Module> make_wallet(ModuleContext context) {
  return wallet::make_wallet_module({context.settings, context.targets, context.holder, context.clock,
                                     context.timers, context.registry, context.metrics});
}

}  // namespace

const std::vector<ModuleRow>& module_table() {
  static const std::vector<ModuleRow> table = {
      {"wallet", {}, make_wallet},
      {"audit", {}, audit::make_audit_module},
  };
  return table;
}

Result<std::vector<const ModuleRow*>> select_modules(const std::vector<std::string>& services) {
  std::vector<const ModuleRow*> chosen;
  for (const std::string& name : services) {
    if (name != "all") {
      DUCAT_TRY(add_with_needs(name, chosen));
      continue;
    }
    for (const ModuleRow& row : module_table()) DUCAT_TRY(add_with_needs(row.name, chosen));
  }
  return chosen;
}

}  // namespace ducat::app
