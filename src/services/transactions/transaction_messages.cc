// See transaction_messages.h.
#include "services/transactions/transaction_messages.h"

#include "platform/broker/cloud_event.h"
#include "platform/rpc/json_text.h"
#include "services/transactions/store/event_codec.h"

namespace ducat::transactions {
namespace {

using rpc::JsonBuilder;

constexpr std::string_view kServiceName = "transaction-view-service";
constexpr std::string_view kSource = "/transactions";

// The tails of message ids are positions with these bits, so that the messages of one event differ, and none
// is called as a transaction (whose tail is a position alone).
constexpr uint64_t kAuditMessage = uint64_t{1} << 60;
constexpr uint64_t kBusinessMessage = uint64_t{2} << 60;

void add_time(JsonBuilder& json, std::string_view name, Timestamp time) {
  json.key(name).text(to_iso8601(time));
}

// Null for an empty one.
void add_text(JsonBuilder& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.raw("null") : json.text(text);
}

void add_amount(JsonBuilder& json, const Money& amount) {
  std::string digits;
  append_decimal(digits, amount.minor, amount.currency);
  json.key("amount").raw(digits).key("currency").text(code_of(amount.currency));
}

void add_members(JsonBuilder& json, const Transaction& transaction) {
  json.key("id").text(transaction.id.uuid.to_string()).key("userId").text(transaction.user_id);
  add_amount(json, transaction.amount);
  json.key("status").text(to_string(transaction.status)).key("description");
  transaction.description ? json.text(*transaction.description) : json.raw("null");
  json.key("metadata").raw(transaction.metadata ? std::string_view(*transaction.metadata) : "null");
  add_time(json, "createdAt", transaction.created_at);
  add_time(json, "updatedAt", transaction.updated_at);
}

// As evidence: with the time of its deletion where the change is about that.
void add_state(JsonBuilder& json, std::string_view name, const Transaction& transaction, Change change) {
  json.key(name).begin_object();
  add_members(json, transaction);
  if (transaction.deleted_at) {
    add_time(json, "deletedAt", *transaction.deleted_at);
  } else if (change == Change::kRestore) {
    json.key("deletedAt").raw("null");
  }
  json.end_object();
}

void add_audit_metadata(JsonBuilder& json, const ChangeProposed& event) {
  json.key("metadata");
  if (event.change == Change::kDelete) {
    json.raw("null");
    return;
  }
  json.begin_object();
  if (event.change == Change::kCreate) {
    add_amount(json, event.after->amount);
  } else {
    json.key("updatedFields").begin_array();
    for (std::string_view field : field_names(event.fields)) json.text(field);
    json.end_array();
  }
  json.end_object();
}

std::string audit_create(const ChangeProposed& event) {
  const Transaction& after = *event.after;
  std::string data;
  JsonBuilder json(data);
  json.begin_object().key("action").text(action_of(event.change)).key("entityType").text("Transaction");
  json.key("entityId").text(after.id.uuid.to_string()).key("userId").text(after.user_id);
  json.key("status").text("SUCCESS");
  add_audit_metadata(json, event);
  json.key("changes").begin_object();
  if (event.before != nullptr) add_state(json, "before", *event.before, event.change);
  if (event.change != Change::kDelete) add_state(json, "after", after, event.change);
  json.end_object();
  add_text(json, "ipAddress", event.ip_address);
  add_text(json, "userAgent", event.user_agent);
  json.key("correlationId").text(event.correlation.uuid.to_string());
  json.key("serviceName").text(kServiceName).end_object();
  return data;
}

std::string audit_rollback(const ChangeRolledBack& event) {
  std::string data;
  JsonBuilder(data)
      .begin_object()
      .key("correlationId")
      .text(event.correlation.uuid.to_string())
      .key("reason")
      .text(event.reason)
      .end_object();
  return data;
}

std::string business_change(const ChangeConfirmed& event) {
  const Transaction& after = *event.after;
  std::string data;
  JsonBuilder json(data);
  json.begin_object().key("transactionId").text(after.id.uuid.to_string());
  json.key("userId").text(after.user_id).key("version").number(static_cast<int64_t>(after.version));
  json.key("correlationId").text(event.correlation.uuid.to_string());
  json.key("auditLogId").text(event.audit_log_id);
  add_state(json, "transaction", after, event.change);
  json.end_object();
  return data;
}

std::string business_rollback(const ChangeRolledBack& event) {
  std::string data;
  JsonBuilder json(data);
  json.begin_object().key("transactionId").text(event.transaction.uuid.to_string());
  json.key("userId").text(event.user_id).key("action").text(action_of(event.change));
  json.key("correlationId").text(event.correlation.uuid.to_string());
  json.key("reason").text(event.reason).end_object();
  return data;
}

std::string_view business_type(Change change) {
  switch (change) {
    case Change::kCreate:
      return "transaction.created";
    case Change::kDelete:
      return "transaction.deleted";
    case Change::kUpdate:
    case Change::kRestore:
      break;
  }
  return "transaction.updated";
}

// Texts that live as long as a message is made.
struct Envelope {
  std::string_view stream;
  uint64_t id_bits;
  std::string_view type;
  TransactionId transaction;
  CorrelationId correlation;
  std::string_view traceparent = {};
};

broker::Message wrap(const kernel::JournalEvent& event, const Envelope& envelope, std::string_view data) {
  std::string id = make_uuid7_located(event.at, envelope.id_bits | event.position).to_string();
  std::string transaction = envelope.transaction.uuid.to_string();
  std::string correlation = envelope.correlation.uuid.to_string();
  broker::CloudEvent wrapped;
  wrapped.id = id;
  wrapped.source = kSource;
  wrapped.type = envelope.type;
  wrapped.subject = transaction;
  wrapped.time = event.at;
  wrapped.trace_parent = envelope.traceparent;
  wrapped.correlation_id = correlation;
  wrapped.partition_key = transaction;
  wrapped.data = data;
  return broker::make_message(std::string(envelope.stream), wrapped);
}

}  // namespace

std::vector<broker::StreamSpec> transaction_streams() {
  broker::StreamSpec audit;
  audit.name = kAuditStream;
  audit.type_prefixes = {"audit.log."};
  audit.retention = Duration::seconds(7 * 86'400);
  broker::StreamSpec business;
  business.name = kBusinessStream;
  business.type_prefixes = {"transaction."};
  business.retention = Duration::seconds(30 * 86'400);
  return {audit, business};
}

void append_json(std::string& out, const Transaction& transaction) {
  JsonBuilder json(out);
  json.begin_object();
  add_members(json, transaction);
  json.end_object();
}

Status audit_messages_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out) {
  EventType type = type_of(event.body);
  if (type == EventType::kConfirmed || type == EventType::kPurged) return {};
  DUCAT_ASSIGN(Event decoded, decode(event.body));
  if (const auto* proposed = std::get_if<ChangeProposed>(&decoded)) {
    Envelope envelope{kAuditStream,        kAuditMessage,         "audit.log.create",
                      proposed->after->id, proposed->correlation, proposed->traceparent};
    out.push_back(wrap(event, envelope, audit_create(*proposed)));
  } else if (const auto* rolled_back = std::get_if<ChangeRolledBack>(&decoded)) {
    Envelope envelope{kAuditStream, kAuditMessage, "audit.log.rollback", rolled_back->transaction,
                      rolled_back->correlation};
    out.push_back(wrap(event, envelope, audit_rollback(*rolled_back)));
  }
  return {};
}

Status business_messages_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out) {
  EventType type = type_of(event.body);
  if (type == EventType::kProposed || type == EventType::kPurged) return {};
  DUCAT_ASSIGN(Event decoded, decode(event.body));
  if (const auto* confirmed = std::get_if<ChangeConfirmed>(&decoded)) {
    Envelope envelope{kBusinessStream, kBusinessMessage, business_type(confirmed->change),
                      confirmed->after->id, confirmed->correlation};
    out.push_back(wrap(event, envelope, business_change(*confirmed)));
  } else if (const auto* rolled_back = std::get_if<ChangeRolledBack>(&decoded)) {
    Envelope envelope{kBusinessStream, kBusinessMessage, "transaction.rollback", rolled_back->transaction,
                      rolled_back->correlation};
    out.push_back(wrap(event, envelope, business_rollback(*rolled_back)));
  }
  return {};
}

}  // namespace ducat::transactions
