// What the command line does with the audit log's data while no server needs to run.
#include <cstdio>

#include "base/system.h"
#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "platform/rpc/json_text.h"
#include "platform/security/base64_padded.h"
#include "services/audit/audit_verify.h"
#include "services/audit/module_parts.h"
#include "services/audit/store/event_codec.h"
#include "services/audit/store/tables.h"

namespace ducat::audit {
namespace {

void print_report(const VerifyReport& report, bool with_key) {
  std::printf("audit: %llu records in %llu journal records, %llu rolled back, %llu checkpoints%s\n",
              static_cast<unsigned long long>(report.records),
              static_cast<unsigned long long>(report.journal_records),
              static_cast<unsigned long long>(report.rolled_back),
              static_cast<unsigned long long>(report.checkpoints),
              with_key ? "" : " (signatures not checked: there is no key)");
  if (report.violations.empty()) {
    std::printf("  root %s\n", security::base64_padded(kernel::merkle::bytes_of(report.root)).c_str());
  }
  for (const std::string& violation : report.violations) std::printf("  VIOLATION: %s\n", violation.c_str());
  if (report.first_broken) {
    std::printf("first broken record: %llu (%s)\n",
                static_cast<unsigned long long>(report.first_broken->sequence),
                report.first_broken->reason.c_str());
  }
}

Result<VerifyReport> verify(const kernel::Targets& targets, const kernel::merkle::NoteVerifier* verifier) {
  DUCAT_ASSIGN(auto journal, storage::open(targets(kAuditJournal, true)));
  DUCAT_ASSIGN(auto tables, storage::open(targets(kAuditJournal, false)));
  return verify_log(*journal, *tables, verifier);
}

}  // namespace

int verify_audit_log(const config::Settings& settings, const kernel::Targets& targets,
                     const std::string& data_directory) {
  auto refuse = [](const Error& error) {
    std::fprintf(stderr, "ducat: the audit log cannot be verified: %s\n", error.message.c_str());
    return 2;
  };
  std::optional<kernel::merkle::NoteVerifier> verifier;
  auto signer = make_signer(settings, data_directory, false);
  if (!signer && signer.error().code != Errc::kNotFound) return refuse(signer.error());
  if (signer) {
    auto parsed = kernel::merkle::NoteVerifier::parse(signer->verifier_key());
    if (!parsed) return refuse(parsed.error());
    verifier = std::move(*parsed);
  }
  auto report = verify(targets, verifier ? &*verifier : nullptr);
  if (!report) return refuse(report.error());
  print_report(*report, verifier.has_value());
  bool sound = report->violations.empty();
  std::printf(sound ? "verified: the audit log is whole\n" : "NOT SOUND: see the violations above\n");
  return sound ? 0 : 1;
}

Status rebuild_audit_log(const config::Settings& settings, const kernel::Targets& targets,
                         const std::string& holder) {
  {
    DUCAT_ASSIGN(auto tables, storage::open(targets(kAuditJournal, false)));
    DUCAT_ASSIGN(auto connection, tables->connect(storage::Access::kWriter));
    DUCAT_TRY(kernel::open_checkpoint(*connection));
    DUCAT_TRY(migrate_audit_tables(*connection));
    DUCAT_ASSIGN(auto transaction, storage::Transaction::begin(*connection));
    DUCAT_TRY(remake_audit_tables(*connection));
    DUCAT_TRY(connection->execute("UPDATE projection_checkpoint SET record = 0 WHERE one = 1"));
    DUCAT_TRY(transaction.commit());
  }
  // A start replays what the tables have not seen: everything.
  SystemClock clock;
  auto timers = std::make_unique<ThreadTimers>();
  AuditModel model;
  AuditHostOptions options = host_options(settings, targets, holder);
  kernel::ServiceThreads threads;
  kernel::EngineHost host(model,
                          {.name = "audit",
                           .journal = options.journal,
                           .tables = options.tables,
                           .engine = options.engine,
                           .follow = false},
                          threads, clock, *timers);
  Status started = host.start();
  host.stop();
  timers.reset();  // its thread ends before what it may call
  return started;
}

Status list_audit_projections(const kernel::Targets& targets) {
  DUCAT_ASSIGN(auto journal, storage::open(targets(kAuditJournal, true)));
  DUCAT_ASSIGN(auto tables, storage::open(targets(kAuditJournal, false)));
  DUCAT_ASSIGN(auto reader, kernel::JournalReader::open(*journal));
  DUCAT_ASSIGN(kernel::Tip tip, reader->tip());
  DUCAT_ASSIGN(auto connection, tables->connect(storage::Access::kReader));
  DUCAT_ASSIGN(kernel::Checkpoint checkpoint, kernel::read_checkpoint(*connection));
  std::printf("%-12s %-10s %14llu %14llu %10llu\n", kAuditJournal, "audit",
              static_cast<unsigned long long>(tip.number), static_cast<unsigned long long>(checkpoint.record),
              static_cast<unsigned long long>(tip.number - checkpoint.record));
  return {};
}

std::string describe_audit_event(std::string_view body) {
  std::string line;
  auto decoded = decode_view(body);
  if (!decoded) return "{\"error\":\"unreadable event\"}";
  const Event& event = decoded->event;
  rpc::JsonBuilder json(line);
  json.begin_object();
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
  json.end_object();
  return line;
}

}  // namespace ducat::audit
