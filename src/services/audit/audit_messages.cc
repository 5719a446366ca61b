// See audit_messages.h. Incoming data are read with simdjson: once through its DOM, which checks all of the
// text, then field by field, which keeps metadata and changes as they were written.
#include "services/audit/audit_messages.h"

#include <simdjson.h>

#include "platform/broker/cloud_event.h"
#include "platform/rpc/json_text.h"
#include "services/audit/compact_json.h"
#include "services/audit/store/event_codec.h"

namespace ducat::audit {
namespace {

namespace json = simdjson::ondemand;

constexpr size_t kMostDepth = 64;
constexpr size_t kLongestId = 255;        // a correlation id is a message's key
constexpr size_t kLongestTrace = 256;     // version 00 has 55 bytes, later ones may have more
constexpr size_t kLongestIndexed = 1024;  // PostgreSQL's rows of an index have 2,704 bytes at most
// Positions of this journal and of the others' make different ids: shards count from 0 to 63.
constexpr uint64_t kJournalTag = 65;
constexpr int kPositionBits = 54;

// What a message says; texts stand in `bytes`.
struct Proposal {
  Entry entry;
  std::string_view correlation_id;
  std::string_view reason;
  std::string_view traceparent;
  std::string problem;  // "" if it is well formed
  std::string bytes;    // never grows beyond what was reserved: texts are views of it
};

struct Scratch {
  broker::CloudEventReader events;
  simdjson::dom::parser checker;
  json::parser parser;
  std::string padded;
};
Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

class Reading {
 public:
  explicit Reading(Proposal& into) : into_(into) {}

  // False: the text is not well formed.
  bool data(json::object object) {
    for (auto item : object) {
      json::field field;
      std::string_view name;
      if (std::move(item).get(field) || field.unescaped_key().get(name)) return false;
      if (!member(name, field.value())) return false;
    }
    return true;
  }

  // A copy that lives as long as the proposal.
  std::string_view keep(std::string_view text) {
    size_t at = into_.bytes.size();
    into_.bytes.append(text);
    return std::string_view(into_.bytes).substr(at);
  }

  bool has_action = false;

 private:
  void problem(std::string_view name, std::string_view what) {
    if (into_.problem.empty()) into_.problem = std::string(name) + " " + std::string(what);
  }

  bool member(std::string_view name, json::value value) {
    bool null = false;
    if (value.is_null().get(null)) return false;
    if (null) return true;
    Entry& entry = into_.entry;
    if (name == "action") return action(value);
    if (name == "status") return status(value);
    if (name == "metadata") return object(name, value, entry.metadata);
    if (name == "changes") return object(name, value, entry.changes);
    if (name == "entityType") return text(name, value, entry.entity_type, kLongestIndexed);
    if (name == "entityId") return text(name, value, entry.entity_id, kLongestIndexed);
    if (name == "userId") return text(name, value, entry.user_id, kLongestIndexed);
    if (name == "ipAddress") return text(name, value, entry.ip_address);
    if (name == "userAgent") return text(name, value, entry.user_agent);
    if (name == "serviceName") return text(name, value, entry.service_name, kLongestIndexed);
    Text found;
    if (name == "correlationId") {
      bool read = text(name, value, found);
      into_.correlation_id = found.value_or(std::string_view());
      return read;
    }
    if (name == "reason") {
      bool read = text(name, value, found);
      into_.reason = found.value_or(std::string_view());
      return read;
    }
    return true;  // what newer senders add
  }

  bool text(std::string_view name, json::value& value, Text& into, size_t limit = SIZE_MAX) {
    json::json_type type;
    if (value.type().get(type)) return false;
    if (type != json::json_type::string) return problem(name, "must be a string"), true;
    std::string_view found;
    if (value.get_string().get(found)) return false;
    // What no table could hold must not get into the journal: nothing would come behind it.
    if (found.find('\0') != std::string_view::npos) return problem(name, "must not contain a NUL"), true;
    if (found.size() > limit) return problem(name, "is too long"), true;
    into = keep(found);
    return true;
  }
  bool object(std::string_view name, json::value& value, Text& into) {
    json::json_type type;
    if (value.type().get(type)) return false;
    if (type != json::json_type::object) return problem(name, "must be an object"), true;
    json::object found;
    std::string_view raw;
    if (value.get_object().get(found) || found.raw_json().get(raw)) return false;
    into = keep(compact_json(raw));
    return true;
  }
  bool action(json::value& value) {
    Text found;
    if (!text("action", value, found)) return false;
    auto parsed = parse_action(found.value_or(std::string_view()));
    if (!parsed) return problem("action", "must be a known action"), true;
    into_.entry.action = *parsed;
    has_action = true;
    return true;
  }
  bool status(json::value& value) {
    Text found;
    if (!text("status", value, found)) return false;
    auto parsed = parse_status(found.value_or(std::string_view()));
    if (!parsed) return problem("status", "must be a known status"), true;
    into_.entry.status = *parsed;
    return true;
  }

  Proposal& into_;
};

// What the event's data say; kInvalid where it is no CloudEvent with data, or cannot be answered.
Status read_body(const std::string& body, Proposal& into, bool is_create) {
  Scratch& mine = scratch();
  DUCAT_ASSIGN(broker::CloudEvent event, mine.events.read(body));
  auto invalid = [] { return fail(Errc::kInvalid, "the message's data are not an object"); };
  size_t size = event.data.size();
  mine.padded.assign(event.data).append(simdjson::SIMDJSON_PADDING, ' ');
  if (mine.checker.allocate(size, kMostDepth) ||
      mine.checker.parse(mine.padded.data(), size, false).error()) {
    return invalid();
  }
  json::document document;
  json::object data;
  if (mine.parser.iterate(mine.padded.data(), size, mine.padded.size()).get(document) ||
      document.get_object().get(data)) {
    return invalid();
  }
  into.bytes.reserve(size + kLongestTrace);
  Reading reading(into);
  if (!reading.data(data)) return invalid();
  // What is no trace context costs the message nothing: it is left out.
  if (event.trace_parent.size() <= kLongestTrace) into.traceparent = reading.keep(event.trace_parent);
  if (is_create && into.problem.empty()) {
    if (!into.entry.entity_type) into.problem = "entityType is missing";
    if (!reading.has_action) into.problem = "action is missing";
  }
  if (into.correlation_id.empty() || into.correlation_id.size() > kLongestId) {
    return fail(Errc::kInvalid, "the message has no correlation id of 1 to 255 bytes");
  }
  into.entry.correlation_id = into.correlation_id;
  return {};
}

}  // namespace

broker::StreamSpec audit_stream() {
  broker::StreamSpec stream;
  stream.name = kAuditStream;
  stream.type_prefixes = {"audit.log."};
  return stream;
}

broker::SubscriptionOptions audit_subscription() {
  broker::SubscriptionOptions options;
  options.stream = kAuditStream;
  options.types = {"audit.log.create", "audit.log.rollback"};
  options.group = kAuditGroup;
  options.max_in_flight = 8192;  // the engine makes batches of them
  return options;
}

Task<Status> handle_message(AuditService& service, const broker::Message& message, Executor& home) {
  bool is_create = message.type == "audit.log.create";
  if (!is_create && message.type != "audit.log.rollback") {
    co_return fail(Errc::kInvalid, "the audit log knows no message " + message.type);
  }
  Proposal proposal;
  Status read = read_body(message.body, proposal, is_create);
  if (!read) co_return propagate(read);
  std::string metadata;
  Command command = Propose{proposal.entry, proposal.traceparent};
  if (is_create && !proposal.problem.empty()) {
    command = RefuseProposal{proposal.correlation_id, proposal.problem, proposal.traceparent};
  } else if (!is_create) {
    rpc::JsonBuilder(metadata).begin_object().key("reason").text(proposal.reason).end_object();
    RollBack roll_back{proposal.correlation_id, {}};
    if (!proposal.reason.empty()) roll_back.metadata = metadata;
    command = roll_back;
  }
  kernel::Verdict verdict = co_await service.take_message(std::move(command), "in/audit/" + message.id, home);
  if (verdict == kernel::Verdict::kAccepted || verdict == kernel::Verdict::kReplayed) co_return Status();
  co_return fail(Errc::kUnavailable, "the audit log cannot be written now");
}

Status answers_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out) {
  DUCAT_ASSIGN(StoredEventView stored, decode_view(event.body));
  const Event& decoded = stored.event;
  if (decoded.reply == Reply::kNone) return {};
  bool appended = decoded.type == EventType::kRecordAppended;
  std::string_view correlation =
      appended ? decoded.record.entry.correlation_id.value_or(std::string_view()) : decoded.correlation_id;
  bool created = decoded.reply == Reply::kCreated;
  std::string id;
  if (created) {
    id = (appended ? record_id(decoded.record.sequence, decoded.record.created_at)
                   : record_id(decoded.sequence, decoded.created_at))
             .to_string();
  }
  std::string data;
  rpc::JsonBuilder json(data);
  json.begin_object().key("correlationId").text(correlation);
  created ? json.key("auditLogId").text(id) : json.key("error").text(decoded.error);
  json.key("success").boolean(created).end_object();

  std::string message_id =
      make_uuid7_located(event.at, kJournalTag << kPositionBits | event.position).to_string();
  broker::CloudEvent cloud;
  cloud.id = message_id;
  cloud.source = "/audit";
  cloud.type = created ? "audit.log.created" : "audit.log.failed";
  cloud.subject = created ? std::string_view(id) : correlation;
  cloud.time = event.at;
  cloud.correlation_id = correlation;
  cloud.trace_parent = decoded.traceparent;
  cloud.partition_key = correlation;
  cloud.data = data;
  out.push_back(broker::make_message(std::string(kAuditStream), cloud));
  return {};
}

}  // namespace ducat::audit
