// What the command line does with the risk service's data.
#include "platform/rpc/json_text.h"
#include "services/risk/module.h"
#include "services/risk/risk_model.h"
#include "services/risk/risk_verify.h"

namespace ducat::risk {
namespace {

std::vector<std::string> journals(const config::Settings&) {
  return {"risk"};
}

// The rules with the model that judges by them.
struct ModelWithRules {
  ModelWithRules(RuleSet set, size_t wallets) : rules(std::move(set)), model(rules, wallets) {}
  RuleSet rules;
  RiskModel model;
};

Result<std::shared_ptr<kernel::Model>> make_model(const config::Settings& settings, size_t) {
  DUCAT_ASSIGN(RuleSet rules, RuleSet::parse(settings.list("risk.rules")));
  auto both = std::make_shared<ModelWithRules>(std::move(rules),
                                               static_cast<size_t>(settings.integer("risk.cache_wallets")));
  kernel::Model* model = &both->model;
  return std::shared_ptr<kernel::Model>(std::move(both), model);
}

Result<kernel::Findings> verify(const kernel::DataPorts& ports, storage::Database& journal,
                                storage::Database& tables) {
  DUCAT_ASSIGN(VerifyReport report,
               verify_journal(journal, tables, ports.settings.duration("idempotency.ttl")));
  kernel::Findings found;
  found.lines.push_back(std::to_string(report.events) + " events in " + std::to_string(report.records) +
                        " records, " + std::to_string(report.wallets) + " wallets, " +
                        std::to_string(report.alerts) + " alerts");
  found.violations = std::move(report.violations);
  return found;
}

void describe_event(rpc::JsonBuilder& json, const Moved& event) {
  json.key("type").text("MOVED").key("walletId").text(event.wallet_id);
  json.key("movedAt").text(to_iso8601(event.movement.at));
}
void describe_event(rpc::JsonBuilder& json, const AlertOpened& event) {
  json.key("type").text("ALERT_OPENED").key("walletId").text(event.wallet_id).key("rule").text(event.rule);
  json.key("details").raw(event.details).key("shadow").boolean(event.shadow);
}
void describe_event(rpc::JsonBuilder& json, const AlertChanged& event) {
  json.key("type").text("ALERT_CHANGED").key("alert").number(static_cast<int64_t>(event.alert));
  json.key("status")
      .text(to_string(event.status))
      .key("note")
      .text(event.note)
      .key("userId")
      .text(event.user_id);
}

Status describe(std::string_view body, rpc::JsonBuilder& json) {
  DUCAT_ASSIGN(Event event, decode(body));
  std::visit([&](const auto& one) { describe_event(json, one); }, event);
  return {};
}

}  // namespace

const kernel::ServiceData& risk_data() {
  static const kernel::ServiceData data = {.journals = journals,
                                           .describe = describe,
                                           .migrate = migrate_risk_tables,
                                           .clear = clear_risk_tables,
                                           .check = nullptr,
                                           .make_model = make_model,
                                           .verify = verify};
  return data;
}

}  // namespace ducat::risk
