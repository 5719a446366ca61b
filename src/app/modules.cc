// Rows only: how a service is made stands in its folder.
#include "app/modules.h"

#include <algorithm>

namespace ducat::app {
namespace {

std::unique_ptr<Module> make_identity(const ModuleContext& context) {
  return identity::make_identity_module(context.ports, context.access);
}

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

}  // namespace

const std::vector<ModuleRow>& module_table() {
  static const std::vector<ModuleRow> table = {
      {"identity", {}, make_identity},
      {"wallet", {}, wallet::make_wallet_module},
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
