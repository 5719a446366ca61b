// What the command line does with the audit log's data.
#include "kernel/journal/journal.h"
#include "platform/rpc/json_text.h"
#include "platform/security/base64.h"
#include "services/audit/audit_verify.h"
#include "services/audit/module_parts.h"
#include "services/audit/store/event_codec.h"
#include "services/audit/store/tables.h"

namespace ducat::audit {
namespace {

std::vector<std::string> journals(const config::Settings&) {
  return {kAuditJournal};
}

Result<std::shared_ptr<kernel::Model>> make_model(const config::Settings&, size_t) {
  return std::make_shared<AuditModel>();
}

// The key that checkpoints were signed with; none where it is not known, since signatures are then not
// looked at.
Result<std::optional<kernel::merkle::NoteVerifier>> find_verifier(const kernel::DataPorts& ports) {
  auto signer = make_signer(ports.settings, ports.data_directory, false);
  if (!signer && signer.error().code == Errc::kNotFound) return std::nullopt;
  if (!signer) return propagate(signer);
  DUCAT_ASSIGN(auto verifier, kernel::merkle::NoteVerifier::parse(signer->verifier_key()));
  return std::optional(std::move(verifier));
}

Result<kernel::Findings> verify(const kernel::DataPorts& ports, storage::Database& journal,
                                storage::Database& tables) {
  DUCAT_ASSIGN(auto verifier, find_verifier(ports));
  DUCAT_ASSIGN(VerifyReport report, verify_log(journal, tables, verifier ? &*verifier : nullptr));
  kernel::Findings found;
  found.lines.push_back(std::to_string(report.records) + " records in " +
                        std::to_string(report.journal_records) + " journal records, " +
                        std::to_string(report.rolled_back) + " rolled back, " +
                        std::to_string(report.checkpoints) + " checkpoints" +
                        (verifier ? "" : " (signatures not checked: there is no key)"));
  if (report.violations.empty()) {
    found.lines.push_back("root " + security::base64_padded(kernel::merkle::bytes_of(report.root)));
  }
  if (report.first_broken) {
    found.remarks.push_back("first broken record: " + std::to_string(report.first_broken->sequence) + " (" +
                            report.first_broken->reason + ")");
  }
  found.violations = std::move(report.violations);
  return found;
}

Status describe(std::string_view body, rpc::JsonBuilder& json) {
  DUCAT_ASSIGN(StoredEventView decoded, decode_view(body));
  const Event& event = decoded.event;
  if (event.type == EventType::kRecordAppended) {
    const Entry& entry = event.record.entry;
    json.key("type")
        .text("RECORD_APPENDED")
        .key("sequence")
        .number(static_cast<int64_t>(event.record.sequence));
    json.key("action").text(to_string(entry.action)).key("status").text(to_string(entry.status));
    if (entry.entity_type) json.key("entityType").text(*entry.entity_type);
    if (entry.entity_id) json.key("entityId").text(*entry.entity_id);
    if (entry.correlation_id) json.key("correlationId").text(*entry.correlation_id);
  } else {
    json.key("type").text("PROPOSAL_ANSWERED").key("correlationId").text(event.correlation_id);
    json.key("success").boolean(event.reply == Reply::kCreated);
  }
  return {};
}

}  // namespace

const kernel::ServiceData& audit_data() {
  static const kernel::ServiceData data = {.journals = journals,
                                           .describe = describe,
                                           .migrate = migrate_audit_tables,
                                           .clear = remake_audit_tables,
                                           .check = nullptr,
                                           .make_model = make_model,
                                           .verify = verify};
  return data;
}

}  // namespace ducat::audit
