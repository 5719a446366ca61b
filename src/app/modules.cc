// Rows only: how a service is made stands in its folder.
#include "app/modules.h"

#include <algorithm>

namespace ducat::app {
namespace {

std::unique_ptr<Module> make_identity(ModuleContext context) {
  return identity::make_identity_module(std::move(context.ports), context.access);
}

template <auto Make>
std::unique_ptr<Module> with_ports(ModuleContext context) {
  return Make(std::move(context.ports));
}

Status add_with_needs(const std::string& name, const Addresses& elsewhere,
                      std::vector<const ModuleRow*>& chosen) {
  const auto& table = module_table();
  const ModuleRow* row = row_of(name);
  if (!row) {
    std::string known;
    for (const ModuleRow& r : table) known += (known.empty() ? "" : ", ") + r.name;
    return fail(Errc::kInvalid, "there is no service \"" + name + "\"; there are: all, " + known);
  }
  if (std::find(chosen.begin(), chosen.end(), row) != chosen.end()) return {};
  for (const std::string& need : row->needs) {
    if (!elsewhere.contains(need)) DUCAT_TRY(add_with_needs(need, elsewhere, chosen));
  }
  chosen.push_back(row);
  return {};
}

}  // namespace

const std::vector<ModuleRow>& module_table() {
  static const std::vector<ModuleRow> table = {
      {"identity", {}, make_identity, {"ducat.identity.v1.IdentityService"}, &identity::identity_data()},
      {"wallet",
       {},
       with_ports<wallet::make_wallet_module>,
       {"ducat.wallet.v1.WalletService"},
       &wallet::wallet_data()},
      {"risk", {}, with_ports<risk::make_risk_module>, {"ducat.risk.v1.RiskService"}, &risk::risk_data()},
      {"transactions",
       {},
       with_ports<transactions::make_transactions_module>,
       {"ducat.transactions.v1.TransactionService"},
       &transactions::transactions_data()},
      {"audit",
       {},
       with_ports<audit::make_audit_module>,
       {"ducat.audit.v1.AuditService"},
       &audit::audit_data()},
      {std::string(kGateway), {}, nullptr, {}, nullptr},
  };
  return table;
}

const ModuleRow* row_of(std::string_view name) {
  const auto& table = module_table();
  auto row = std::find_if(table.begin(), table.end(), [&](const ModuleRow& r) { return r.name == name; });
  return row == table.end() ? nullptr : &*row;
}

std::span<const config::Setting> address_settings() {
  // Settings keep views: the texts live as long as the process.
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> made;
    for (const ModuleRow& row : module_table()) {
      if (row.name != kGateway) made.push_back("services." + row.name + ".address");
    }
    return made;
  }();
  static const std::vector<config::Setting> settings = [] {
    std::vector<config::Setting> made;
    for (const std::string& key : keys) {
      made.push_back({.key = key,
                      .type = config::Type::kList,
                      .help =
                          "host:port for gRPC, where it runs when not in this process; several when others "
                          "follow it, ready to take over"});
    }
    return made;
  }();
  return settings;
}

Addresses addresses_of(const config::Settings& settings) {
  Addresses addresses;
  for (const ModuleRow& row : module_table()) {
    if (row.name == kGateway) continue;
    std::vector<std::string> of_one = settings.list("services." + row.name + ".address");
    if (!of_one.empty()) addresses[row.name] = std::move(of_one);
  }
  return addresses;
}

Result<std::vector<const ModuleRow*>> select_modules(const std::vector<std::string>& services,
                                                     const Addresses& elsewhere) {
  std::vector<const ModuleRow*> chosen;
  for (const std::string& name : services) {
    if (name != "all") {
      DUCAT_TRY(add_with_needs(name, elsewhere, chosen));
      continue;
    }
    for (const ModuleRow& row : module_table()) {
      if (row.name != kGateway) DUCAT_TRY(add_with_needs(row.name, elsewhere, chosen));
    }
  }
  return chosen;
}

}  // namespace ducat::app
