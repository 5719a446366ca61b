// What the command line does with the identity service's data.
#include "platform/rpc/json_text.h"
#include "services/identity/identity_model.h"
#include "services/identity/identity_verify.h"
#include "services/identity/module.h"
#include "services/identity/store/codec.h"

namespace ducat::identity {
namespace {

std::vector<std::string> journals(const config::Settings&) {
  return {"identity"};
}

// The model with the registry it tells what has ended; nobody asks that one.
struct ModelWithRegistry {
  explicit ModelWithRegistry(IdentityModelOptions options) : model(options, registry) {}
  AccessRegistry registry{AccessRegistryOptions{}};
  IdentityModel model;
};

Result<std::shared_ptr<kernel::Model>> make_model(const config::Settings& settings, size_t) {
  IdentityModelOptions options;
  options.access_ttl = settings.duration("auth.access_ttl");
  auto both = std::make_shared<ModelWithRegistry>(options);
  kernel::Model* model = &both->model;
  return std::shared_ptr<kernel::Model>(std::move(both), model);
}

Result<kernel::Findings> verify(const kernel::DataPorts&, storage::Database& journal,
                                storage::Database& tables) {
  DUCAT_ASSIGN(VerifyReport report, verify_journal(journal, tables));
  kernel::Findings found;
  found.lines.push_back(std::to_string(report.events) + " events in " + std::to_string(report.records) +
                        " records, " + std::to_string(report.users) + " users, " +
                        std::to_string(report.sessions) + " sessions, " + std::to_string(report.keys) +
                        " API keys");
  found.violations = std::move(report.violations);
  return found;
}

// In the order of `Body`.
constexpr std::string_view kTypes[] = {
    "SIGNED_UP",           "PROFILE_CHANGED",    "SIGN_IN_FAILED",      "SESSION_STARTED",
    "SESSION_REFRESHED",   "SESSION_ENDED",      "SESSIONS_ENDED",      "PASSWORD_CHANGED",
    "TWO_FACTOR_ENROLLED", "TWO_FACTOR_ENABLED", "TWO_FACTOR_DISABLED", "API_KEY_CREATED",
    "API_KEY_REVOKED",     "ROLES_CHANGED",      "IDENTITY_LINKED",     "ATTEMPT_REFUSED"};
static_assert(std::size(kTypes) == std::variant_size_v<Body>);

// Hashes and secrets are left out.
Status describe(std::string_view stored, rpc::JsonBuilder& json) {
  DUCAT_ASSIGN(Event event, decode_event(stored));
  auto text = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) json.key(key).text(value);
  };
  json.key("type").text(kTypes[event.body.index()]);
  if (event.user_no != 0) text("userId", event.user_id.to_string());
  if (auto session = session_of(event)) text("sessionId", session->to_string());
  std::visit(
      [&](const auto& body) {
        if constexpr (requires { body.username; }) text("username", body.username);
        if constexpr (requires { body.reason; }) text("reason", body.reason);
        if constexpr (requires { body.method; }) text("method", body.method);
        if constexpr (requires { body.action; }) text("action", body.action);
        if constexpr (requires { body.key.id; }) text("keyId", body.key.id.to_string());
      },
      event.body);
  if (const auto* revoked = std::get_if<ApiKeyRevoked>(&event.body)) text("keyId", revoked->id.to_string());
  text("actor", event.origin.actor);
  text("ipAddress", event.origin.ip_address);
  text("requestId", event.origin.request_id);
  return {};
}

}  // namespace

const kernel::ServiceData& identity_data() {
  static const kernel::ServiceData data = {.journals = journals,
                                           .describe = describe,
                                           .migrate = migrate_identity_tables,
                                           .clear = clear_identity_tables,
                                           .check = nullptr,
                                           .make_model = make_model,
                                           .verify = verify};
  return data;
}

}  // namespace ducat::identity
