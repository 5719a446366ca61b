// See mapping.h.
#include "services/audit/api/mapping.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "platform/security/base64.h"
#include "services/audit/compact_json.h"

namespace ducat::audit {
namespace {

// Times are shown to the millisecond, rounded down; so a time without microseconds means all of its
// millisecond.
Timestamp end_of(int64_t micros) {
  return {micros % 1000 == 0 ? micros + 999 : micros};
}

}  // namespace

Entry entry_of(const v1::CreateAuditLogRequest& request, std::string& metadata, std::string& changes) {
  Entry entry;
  // The contract has checked both.
  entry.action = parse_action(request.action()).value_or(Action::kRead);
  entry.status = parse_status(request.status()).value_or(RecordStatus::kSuccess);
  entry.entity_type = request.entity_type();
  if (request.has_entity_id()) entry.entity_id = request.entity_id();
  if (request.has_user_id()) entry.user_id = request.user_id();
  if (request.has_metadata()) entry.metadata = metadata = compact_json(request.metadata());
  if (request.has_changes()) entry.changes = changes = compact_json(request.changes());
  if (request.has_ip_address()) entry.ip_address = request.ip_address();
  if (request.has_user_agent()) entry.user_agent = request.user_agent();
  if (request.has_correlation_id()) entry.correlation_id = request.correlation_id();
  if (request.has_service_name()) entry.service_name = request.service_name();
  return entry;
}

ListFilter filter_of(const v1::ListAuditLogsRequest& request) {
  ListFilter filter;
  if (request.has_action()) filter.action = parse_action(request.action());
  if (request.has_status()) filter.status = parse_status(request.status());
  if (request.has_entity_type()) filter.entity_type = request.entity_type();
  if (request.has_entity_id()) filter.entity_id = request.entity_id();
  if (request.has_user_id()) filter.user_id = request.user_id();
  if (request.has_correlation_id()) filter.correlation_id = request.correlation_id();
  if (request.has_service_name()) filter.service_name = request.service_name();
  if (request.has_start_date()) filter.from = Timestamp{request.start_date()};
  if (request.has_end_date()) filter.to = end_of(request.end_date());
  if (request.sort_by() == "action") filter.sort_by = SortBy::kAction;
  if (request.sort_by() == "entityType") filter.sort_by = SortBy::kEntityType;
  filter.ascending = request.sort_order() == "ASC";
  filter.limit = request.limit();
  filter.offset = (int64_t{request.page()} - 1) * request.limit();
  return filter;
}

uint64_t fingerprint_of(const Entry& entry) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u8(static_cast<uint8_t>(entry.action));
  writer.u8(static_cast<uint8_t>(entry.status));
  for (const Text* text :
       {&entry.entity_type, &entry.entity_id, &entry.user_id, &entry.metadata, &entry.changes,
        &entry.ip_address, &entry.user_agent, &entry.correlation_id, &entry.service_name}) {
    writer.u8(text->has_value());
    writer.text(text->value_or(std::string_view()));
  }
  return hash64(bytes);
}

std::string base64_of(const Digest& hash) {
  return security::base64_padded(kernel::merkle::bytes_of(hash));
}

void fill(v1::AuditLog& out, const StoredRecord& record) {
  Appended place{record.sequence, record.created_at, record.hash, record.previous, record.rolled_back_by};
  fill(out, record.record().entry, place);
}

void fill(v1::AuditLog& out, const Entry& entry, const Appended& appended) {
  out.set_id(record_id(appended.sequence, appended.created_at).to_string());
  out.set_action(std::string(to_string(entry.action)));
  auto set = [](const Text& text, std::string* (v1::AuditLog::*field)(), v1::AuditLog& log) {
    if (text) (log.*field)()->assign(*text);
  };
  set(entry.entity_type, &v1::AuditLog::mutable_entity_type, out);
  set(entry.entity_id, &v1::AuditLog::mutable_entity_id, out);
  set(entry.user_id, &v1::AuditLog::mutable_user_id, out);
  set(entry.metadata, &v1::AuditLog::mutable_metadata, out);
  set(entry.changes, &v1::AuditLog::mutable_changes, out);
  set(entry.ip_address, &v1::AuditLog::mutable_ip_address, out);
  set(entry.user_agent, &v1::AuditLog::mutable_user_agent, out);
  set(entry.correlation_id, &v1::AuditLog::mutable_correlation_id, out);
  set(entry.service_name, &v1::AuditLog::mutable_service_name, out);
  RecordStatus effective = appended.rolled_back_by != 0 ? RecordStatus::kRolledBack : entry.status;
  out.set_status(std::string(to_string(effective)));
  out.set_recorded_status(std::string(to_string(entry.status)));
  out.set_created_at(appended.created_at.micros);
  out.set_sequence(static_cast<int64_t>(appended.sequence));
  out.set_hash(base64_of(appended.hash));
  if (appended.sequence > 1) out.set_previous_hash(base64_of(appended.previous));
  if (appended.rolled_back_by != 0) out.set_rolled_back_by(static_cast<int64_t>(appended.rolled_back_by));
}

rpc::ApiError error_of(kernel::Verdict verdict) {
  if (verdict == kernel::Verdict::kKeyReused) {
    return rpc::ApiError::refusal(422, "IdempotencyKeyReuseError",
                                  "The idempotency key was used before with a different request");
  }
  rpc::ApiError error = rpc::ApiError::of(503, "The audit log cannot be written right now; try again");
  error.retry_after = 1;
  return error;
}

rpc::ApiError unreadable(const Error& error) {
  return rpc::ApiError::from(error);
}

rpc::ApiError not_found() {
  return rpc::ApiError::of(404, "Audit log not found");
}

}  // namespace ducat::audit
