// See audit_messages.h.
#include "services/identity/audit_messages.h"

#include "base/uuid.h"
#include "platform/broker/cloud_event.h"
#include "platform/rpc/json_text.h"
#include "services/identity/store/codec.h"

namespace ducat::identity {
namespace {

using rpc::JsonBuilder;

constexpr std::string_view kServiceName = "identity-service";
// Marks the ids made here: other services make theirs of positions as well.
constexpr uint64_t kIdentityMessage = uint64_t{3} << 60;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

// What differs from event to event. Metadata and changes are members of JSON objects; empty: null.
struct Entry {
  std::string_view action;
  std::string_view status = "SUCCESS";
  std::string_view entity_type = "User";
  std::string entity_id = {};
  std::string metadata = {}, changes = {};
};

void add_profile(JsonBuilder& json, const Profile& profile) {
  json.key("firstName").text(profile.first_name).key("lastName").text(profile.last_name);
  json.key("avatar");
  profile.avatar.empty() ? json.raw("null") : json.text(profile.avatar);
}

void add_names(JsonBuilder& json, std::string_view key, std::span<const std::string> names) {
  json.key(key).begin_array();
  for (const std::string& name : names) json.text(name);
  json.end_array();
}

std::string object(const std::function<void(JsonBuilder&)>& members) {
  std::string text;
  JsonBuilder json(text);
  json.begin_object();
  members(json);
  json.end_object();
  return text;
}

std::string with_text(std::string_view key, std::string_view value) {
  return object([&](JsonBuilder& json) { json.key(key).text(value); });
}

std::string updated(std::initializer_list<std::string> fields) {
  return object([&](JsonBuilder& json) {
    add_names(json, "updatedFields", {fields.begin(), fields.size()});
  });
}

Entry entry_of(const Event& event, const SignedUp& e) {
  Entry entry{.action = "CREATE"};
  entry.metadata = with_text("username", e.username);
  entry.changes = object([&](JsonBuilder& json) {
    json.key("after").begin_object().key("id").text(event.user_id.to_string());
    json.key("username").text(e.username).key("email").text(e.email);
    add_profile(json, e.profile);
    add_names(json, "roles", names_of(e.roles));
    json.end_object();
  });
  return entry;
}

Entry entry_of(const ProfileChanged& e) {
  Entry entry{.action = "UPDATE"};
  std::vector<std::string> fields;
  if (e.before.first_name != e.after.first_name) fields.emplace_back("firstName");
  if (e.before.last_name != e.after.last_name) fields.emplace_back("lastName");
  if (e.before.avatar != e.after.avatar) fields.emplace_back("avatar");
  entry.metadata = object([&](JsonBuilder& json) { add_names(json, "updatedFields", fields); });
  entry.changes = object([&](JsonBuilder& json) {
    json.key("before").begin_object();
    add_profile(json, e.before);
    json.end_object().key("after").begin_object();
    add_profile(json, e.after);
    json.end_object();
  });
  return entry;
}

Entry entry_of(const RolesChanged& e) {
  Entry entry{.action = "UPDATE", .metadata = updated({"roles"})};
  entry.changes = object([&](JsonBuilder& json) {
    json.key("before").begin_object();
    add_names(json, "roles", names_of(e.before));
    json.end_object().key("after").begin_object();
    add_names(json, "roles", names_of(e.after));
    json.end_object();
  });
  return entry;
}

Entry entry_of(const ApiKeyCreated& e) {
  Entry entry{.action = "CREATE", .entity_type = "ApiKey", .entity_id = e.key.id.to_string()};
  entry.metadata = object([&](JsonBuilder& json) {
    json.key("name").text(e.key.name);
    add_names(json, "scopes", e.key.scopes);
  });
  return entry;
}

Entry entry_of(const Event& event) {
  return std::visit(
      Overloaded{
          [&](const SignedUp& e) { return entry_of(event, e); },
          [](const ProfileChanged& e) { return entry_of(e); },
          [](const SignInFailed& e) {
            return Entry{.action = "LOGIN", .status = "FAILED", .metadata = with_text("reason", e.reason)};
          },
          [](const SessionStarted& e) {
            return Entry{.action = "LOGIN", .metadata = with_text("method", e.method)};
          },
          [](const SessionRefreshed& e) {
            return Entry{.action = "UPDATE",
                         .entity_type = "Session",
                         .entity_id = e.session.to_string(),
                         .metadata = updated({"refreshToken"})};
          },
          [](const SessionEnded& e) {
            return Entry{.action = "LOGOUT", .metadata = with_text("reason", e.reason)};
          },
          [](const AllSessionsEnded& e) {
            return Entry{.action = "LOGOUT", .metadata = with_text("reason", e.reason)};
          },
          [](const PasswordChanged&) { return Entry{.action = "UPDATE", .metadata = updated({"password"})}; },
          [](const TwoFactorEnrolled&) {
            return Entry{.action = "UPDATE", .metadata = updated({"twoFactorSecret"})};
          },
          [](const TwoFactorEnabled&) {
            return Entry{.action = "UPDATE", .metadata = updated({"twoFactorEnabled"})};
          },
          [](const TwoFactorDisabled&) {
            return Entry{.action = "UPDATE", .metadata = updated({"twoFactorEnabled"})};
          },
          [](const ApiKeyCreated& e) { return entry_of(e); },
          [](const ApiKeyRevoked& e) {
            return Entry{.action = "DELETE", .entity_type = "ApiKey", .entity_id = e.id.to_string()};
          },
          [](const RolesChanged& e) { return entry_of(e); },
          [](const IdentityLinked& e) {
            return Entry{.action = "UPDATE", .metadata = with_text("externalIdentity", e.external_identity)};
          },
          [](const AttemptRefused& e) {
            return Entry{.action = e.action,
                         .status = "FAILED",
                         .entity_type = e.entity_type,
                         .entity_id = e.entity_id,
                         .metadata = with_text("reason", e.reason)};
          }},
      event.body);
}

// With the request's id, so that what one request did is found together.
std::string metadata_of(const Entry& entry, const Event& event) {
  if (event.origin.request_id.empty()) return entry.metadata;
  std::string text = entry.metadata;
  if (!text.empty()) text.pop_back();
  text += text.empty() ? "{" : ",";
  text += "\"requestId\":";
  append_json_text(text, event.origin.request_id);
  return text + "}";
}

void add_text(JsonBuilder& json, std::string_view key, std::string_view text) {
  json.key(key);
  text.empty() ? json.raw("null") : json.text(text);
}

void add_object(JsonBuilder& json, std::string_view key, std::string_view text) {
  json.key(key).raw(text.empty() ? "null" : text);
}

}  // namespace

broker::StreamSpec audit_stream() {
  broker::StreamSpec stream;
  stream.name = "AUDIT_LOGS";
  stream.type_prefixes = {"audit.log."};
  return stream;
}

Status audit_messages_of(const kernel::JournalEvent& stored, std::vector<broker::Message>& out) {
  DUCAT_ASSIGN(Event event, decode_event(stored.body));
  Entry entry = entry_of(event);
  const std::string user_id = event.user_no == 0 ? std::string() : event.user_id.to_string();
  const std::string id = make_uuid7_located(event.at, kIdentityMessage | stored.position).to_string();
  if (entry.entity_id.empty()) entry.entity_id = user_id;
  std::string data;
  JsonBuilder json(data);
  json.begin_object().key("action").text(entry.action).key("entityType").text(entry.entity_type);
  add_text(json, "entityId", entry.entity_id);
  add_text(json, "userId", event.origin.actor.empty() ? user_id : event.origin.actor);
  json.key("status").text(entry.status);
  add_object(json, "metadata", metadata_of(entry, event));
  add_object(json, "changes", entry.changes);
  add_text(json, "ipAddress", event.origin.ip_address);
  add_text(json, "userAgent", event.origin.user_agent);
  json.key("correlationId").text(id).key("serviceName").text(kServiceName).end_object();
  out.push_back(broker::make_message(audit_stream().name, {.id = id,
                                                           .source = "/identity",
                                                           .type = "audit.log.create",
                                                           .subject = entry.entity_id,
                                                           .time = event.at,
                                                           .trace_parent = {},
                                                           .correlation_id = id,
                                                           .partition_key = id,
                                                           .data = data}));
  return {};
}

}  // namespace ducat::identity
