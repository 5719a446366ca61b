// Wiring of the identity service: from settings to a running host.
#include "services/identity/module.h"

#include <future>

#include "platform/telemetry/logger.h"
#include "services/identity/access/access_feed.h"
#include "services/identity/api/identity_api.h"
#include "services/identity/audit_messages.h"
#include "services/identity/identity_host.h"
#include "services/identity/oidc/oidc_api.h"
#include "services/identity/store/tables.h"

namespace ducat::identity {
namespace {

constexpr std::string_view kName = "identity";

constexpr config::Setting kSettings[] = {
    {.key = "identity.sign_up",
     .type = config::Type::kBool,
     .default_value = "true",
     .help = "false: only those who are there, and who an external provider sends, may sign in"},
    {.key = "identity.hash_threads",
     .type = config::Type::kInteger,
     .default_value = "1",
     .min = "1",
     .max = "64",
     .help = "threads that hash passwords; each takes 19 MiB and a core while it does"},
    {.key = "identity.hash_waiting",
     .type = config::Type::kInteger,
     .default_value = "128",
     .min = "1",
     .max = "100000",
     .help = "passwords that may wait to be hashed before more are refused with 503"},
    {.key = "identity.hash_memory",
     .type = config::Type::kBytes,
     .default_value = "19MiB",
     .min = "1MiB",
     .max = "1GiB",
     .help = "memory of a password's hash (argon2id); older hashes are made anew at login"},
    {.key = "identity.issuer_name",
     .type = config::Type::kString,
     .default_value = "Ducat",
     .help = "what authenticator apps show"},
    {.key = "identity.admin_username",
     .type = config::Type::kString,
     .default_value = "",
     .help = "made at the start, with all permissions, unless it is there; empty: none"},
    {.key = "identity.admin_email",
     .type = config::Type::kString,
     .default_value = "",
     .help = "of that user"},
    {.key = "identity.admin_password",
     .type = config::Type::kString,
     .default_value = "",
     .help = "of that user, at least 8 characters; not looked at once it is there",
     .secret = true},
};

constexpr config::Setting kOidcSettings[] = {
    {.key = "identity.oidc.issuer",
     .type = config::Type::kString,
     .default_value = "",
     .help = "external sign-in (OpenID Connect): the provider, https://accounts.example.com; empty: none"},
    {.key = "identity.oidc.client_id",
     .type = config::Type::kString,
     .default_value = "",
     .help = "who we are to the provider"},
    {.key = "identity.oidc.client_secret",
     .type = config::Type::kString,
     .default_value = "",
     .help = "and how we prove it; empty: by PKCE alone",
     .secret = true},
    {.key = "identity.oidc.redirect_url",
     .type = config::Type::kString,
     .default_value = "",
     .help = "our /api/auth/oidc/callback, as it is registered with the provider"},
    {.key = "identity.oidc.scopes",
     .type = config::Type::kString,
     .default_value = "openid email profile",
     .help = "what is asked of the provider"},
    {.key = "identity.oidc.timeout",
     .type = config::Type::kDuration,
     .default_value = "10s",
     .min = "100ms",
     .max = "60s",
     .help = "for each request to the provider"},
};

ProviderOptions provider_of(const config::Settings& settings) {
  ProviderOptions options;
  options.issuer = settings.text("identity.oidc.issuer");
  options.client_id = settings.text("identity.oidc.client_id");
  options.client_secret = settings.text("identity.oidc.client_secret");
  options.redirect_url = settings.text("identity.oidc.redirect_url");
  options.scopes = settings.text("identity.oidc.scopes");
  return options;
}

IdentityHostOptions options_of(const kernel::ServicePorts& ports) {
  const config::Settings& settings = ports.settings;
  IdentityHostOptions options;
  options.host.name = kName;
  options.host.journal = ports.targets(std::string(kName), true);
  options.host.tables = ports.targets(std::string(kName), false);
  options.host.engine.lease.holder = ports.holder;
  options.host.together = ports.together;
  options.model.access_ttl = settings.duration("auth.access_ttl");
  options.service.access_ttl = settings.duration("auth.access_ttl");
  options.service.refresh_ttl = settings.duration("auth.refresh_ttl");
  options.service.issuer_name = settings.text("identity.issuer_name");
  options.hasher.threads = static_cast<size_t>(settings.integer("identity.hash_threads"));
  options.hasher.waiting = static_cast<size_t>(settings.integer("identity.hash_waiting"));
  options.hasher.cost.memory_kib = static_cast<uint32_t>(settings.bytes("identity.hash_memory") / 1024);
  return options;
}

// Waits for a task whose limits are its own.
template <typename T>
T wait_for(Task<T> task) {
  std::promise<T> done;
  ducat::start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
  return done.get_future().get();
}

Status status_of(const Outcome<bool>& outcome, const std::string& what) {
  if (outcome) return {};
  const Failure& failure = outcome.error();
  if (failure.refusal) return fail(Errc::kConflict, what + ": its username or address is somebody else's");
  return fail(failure.error.code, what + ": " + failure.error.message);
}

std::vector<std::string> development_names() {
  return {name_of_username(kDevelopmentUser), name_of_email(kDevelopmentEmail)};
}

Status development_user_found() {
  return fail(Errc::kInvalid,
              "the development user \"testuser\" (test@example.com) is in this database; production does not "
              "start with it");
}

class IdentityModule final : public Module {
 public:
  IdentityModule(kernel::ServicePorts ports, Access& access)
      : ports_(std::move(ports)),
        host_(options_of(ports_),
              {access.tokens(), access.registry(), ports_.clock, ports_.random, ports_.timers}),
        feed_(access.registry(), ports_.clock, ports_.random, ports_.timers),
        api_([this]() -> IdentityService& { return host_.service(); }, ports_.clock,
             {ports_.settings.boolean("identity.sign_up"), ports_.dev, &feed_}),
        fetcher_({.timeout = ports_.settings.duration("identity.oidc.timeout"), .allow_plain = ports_.dev}),
        provider_(provider_of(ports_.settings), fetcher_, ports_.clock),
        oidc_({[this]() -> IdentityService& { return host_.service(); }, provider_, access.tokens(),
               ports_.clock, ports_.random}) {
    ports_.registry.writes_need("ducat.identity.v1.IdentityService", [this] { return host_.leads(); });
    api_.bind(ports_.registry);
    oidc_.bind(ports_.registry);
    feed_.bind(ports_.registry);
  }

  std::string name() const override { return std::string(kName); }

  Status start() override {
    DUCAT_TRY(check_oidc());
    if (!ports_.dev) DUCAT_TRY(refuse_known_development_user());
    DUCAT_TRY(host_.start());
    watches_ = kernel::watch_engines(ports_.metrics, kName, [this] { return std::vector{host_.stats()}; });
    ThreadExecutor home("identity-start");
    if (!ports_.dev) DUCAT_TRY(refuse_development_user(home));
    DUCAT_TRY(host_.engine().while_leading([this] { return make_users(); }));
    if (ports_.broker == nullptr) return {};
    broker::StreamSpec stream = audit_stream();
    DUCAT_TRY(ports_.broker->declare(stream));
    return ports_.broker->feed(stream.name, host_.audit_messages());
  }

  void stop() override {
    if (host_.started()) host_.engine().end_duties();
    watches_.clear();
    fetcher_.stop();
    host_.stop();
  }

  Health health() const override { return kernel::health_of(std::vector{host_.stats()}); }

 private:
  // Those that are there anyway.
  Status make_users() {
    ThreadExecutor home("identity-users");
    if (ports_.dev) DUCAT_TRY(make_development_user(home));
    return make_administrator(home);
  }

  Status make_development_user(Executor& home) {
    NewAccount account;
    account.username = kDevelopmentUser;
    account.email = kDevelopmentEmail;
    account.profile = {"Test", "User", {}};
    account.password = "password123";
    account.roles = RoleSet(Role::kUser).with(Role::kAdmin);
    return status_of(wait_for(host_.service().ensure(std::move(account), home)), "the development user");
  }

  // Before anything is started and logged; what the tables do not know yet is found afterwards.
  Status refuse_known_development_user() {
    DUCAT_ASSIGN(auto tables, storage::open(ports_.targets(std::string(kName), false)));
    DUCAT_ASSIGN(auto connection, tables->connect(storage::Access::kWriter));
    DUCAT_TRY(migrate_identity_tables(*connection));
    for (const std::string& name : development_names()) {
      DUCAT_ASSIGN(std::optional<User> found, find_user(*connection, name));
      if (found) return development_user_found();
    }
    return {};
  }

  Status refuse_development_user(Executor& home) {
    for (const std::string& name : development_names()) {
      auto found = wait_for(host_.service().find(name, home));
      if (!found)
        return fail(found.error().error.code, "users cannot be read: " + found.error().error.message);
      if (*found) return development_user_found();
    }
    return {};
  }

  Status check_oidc() {
    const config::Settings& settings = ports_.settings;
    if (!provider_.configured()) return {};
    bool complete = !settings.text("identity.oidc.client_id").empty() &&
                    !settings.text("identity.oidc.redirect_url").empty();
    if (!complete)
      return fail(Errc::kInvalid, "identity.oidc.issuer needs identity.oidc.client_id and redirect_url");
    if (ports_.dev || provider_.issuer().starts_with("https://")) return {};
    return fail(Errc::kInvalid, "identity.oidc.issuer must begin with https://");
  }

  Status make_administrator(Executor& home) {
    const config::Settings& settings = ports_.settings;
    NewAccount account;
    account.username = settings.text("identity.admin_username");
    if (account.username.empty()) return {};
    account.email = settings.text("identity.admin_email");
    account.password = settings.text("identity.admin_password");
    account.roles = RoleSet(Role::kUser).with(Role::kAdmin);
    bool sound = is_username(account.username) && account.email.find('@') != std::string::npos;
    if (!sound)
      return fail(Errc::kInvalid,
                  "identity.admin_username needs to be a username, identity.admin_email an address");
    if (account.password.size() < 8 || security::is_common_password(account.password)) {
      return fail(Errc::kInvalid,
                  "identity.admin_password needs at least 8 characters and must not be a common one");
    }
    return status_of(wait_for(host_.service().ensure(std::move(account), home)), "identity.admin_username");
  }

  kernel::ServicePorts ports_;
  IdentityHost host_;
  AccessFeed feed_;
  IdentityApi api_;
  fetch::Fetcher fetcher_;
  Provider provider_;
  OidcApi oidc_;
  std::vector<metrics::Watch> watches_;
};

}  // namespace

std::span<const config::Setting> identity_settings() {
  return kSettings;
}

std::span<const config::Setting> oidc_settings() {
  return kOidcSettings;
}

std::unique_ptr<Module> make_identity_module(kernel::ServicePorts ports, Access& access) {
  return std::make_unique<IdentityModule>(std::move(ports), access);
}

}  // namespace ducat::identity
