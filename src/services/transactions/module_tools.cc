// What the command line does with the data of transactions.
#include "platform/rpc/json_text.h"
#include "services/transactions/module.h"
#include "services/transactions/store/event_codec.h"
#include "services/transactions/store/tables.h"
#include "services/transactions/transaction_model.h"
#include "services/transactions/transaction_verify.h"

namespace ducat::transactions {
namespace {

std::vector<std::string> journals(const config::Settings&) {
  return {"transactions"};
}

Result<std::shared_ptr<kernel::Model>> make_model(const config::Settings& settings, size_t) {
  TransactionModelOptions options;
  options.transactions_in_memory = static_cast<size_t>(settings.integer("transactions.cache"));
  return std::make_shared<TransactionModel>(options);
}

Result<kernel::Findings> verify(const kernel::DataPorts& ports, storage::Database& journal,
                                storage::Database& tables) {
  DUCAT_ASSIGN(VerifyReport report,
               verify_journal(journal, tables, ports.settings.duration("idempotency.ttl")));
  kernel::Findings found;
  found.lines.push_back(std::to_string(report.events) + " events in " + std::to_string(report.records) +
                        " records, " + std::to_string(report.transactions) + " transactions, " +
                        std::to_string(report.versions) + " versions, " + std::to_string(report.open) +
                        " open");
  found.violations = std::move(report.violations);
  return found;
}

void describe_version(rpc::JsonBuilder& json, const Transaction& version) {
  std::string amount;
  append_decimal(amount, version.amount.minor, version.amount.currency);
  json.key("transactionId").text(version.id.uuid.to_string()).key("userId").text(version.user_id);
  json.key("version").number(static_cast<int64_t>(version.version));
  json.key("amount").raw(amount).key("currency").text(code_of(version.amount.currency));
  json.key("status").text(to_string(version.status));
}

void describe_event(rpc::JsonBuilder& json, const ChangeProposed& event) {
  json.key("type").text("CHANGE_PROPOSED").key("change").text(action_of(event.change));
  json.key("correlationId").text(event.correlation.uuid.to_string());
  json.key("deadline").text(to_iso8601(event.deadline));
  describe_version(json, *event.after);
}
void describe_event(rpc::JsonBuilder& json, const ChangeConfirmed& event) {
  json.key("type").text("CHANGE_CONFIRMED").key("change").text(action_of(event.change));
  json.key("correlationId").text(event.correlation.uuid.to_string());
  json.key("auditLogId").text(event.audit_log_id);
  describe_version(json, *event.after);
}
void describe_event(rpc::JsonBuilder& json, const ChangeRolledBack& event) {
  json.key("type").text("CHANGE_ROLLED_BACK").key("change").text(action_of(event.change));
  json.key("correlationId").text(event.correlation.uuid.to_string());
  json.key("transactionId").text(event.transaction.uuid.to_string()).key("userId").text(event.user_id);
  json.key("reason").text(event.reason);
}
void describe_event(rpc::JsonBuilder& json, const TransactionPurged& event) {
  json.key("type").text("TRANSACTION_PURGED").key("transactionId").text(event.transaction.uuid.to_string());
}

Status describe(std::string_view body, rpc::JsonBuilder& json) {
  DUCAT_ASSIGN(Event event, decode(body));
  std::visit([&](const auto& one) { describe_event(json, one); }, event);
  return {};
}

}  // namespace

const kernel::ServiceData& transactions_data() {
  static const kernel::ServiceData data = {.journals = journals,
                                           .describe = describe,
                                           .migrate = migrate_transaction_tables,
                                           .clear = clear_transaction_tables,
                                           .check = nullptr,
                                           .make_model = make_model,
                                           .verify = verify};
  return data;
}

}  // namespace ducat::transactions
