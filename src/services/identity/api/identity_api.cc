// One method, one function: check what the contract's rules cannot say, ask the service, write the answer.
#include "services/identity/api/identity_api.h"

#include "services/identity/store/tables.h"

namespace ducat::identity {
namespace {

constexpr size_t kLongestUsername = 50;

// A key may act for its user, but not become him.
std::optional<rpc::ApiError> not_by_key(const rpc::CallContext& call) {
  if (!call.caller.by_api_key) return std::nullopt;
  return rpc::ApiError::of(403, "An API key may not change its user's account");
}

v1::Done done(std::string_view message) {
  v1::Done reply;
  reply.set_message(std::string(message));
  return reply;
}

std::optional<rpc::ApiError> bad_new_password(std::string_view password, std::string_view field) {
  if (!security::is_common_password(password)) return std::nullopt;
  return bad_field(field, "is among the most common ones");
}

}  // namespace

template <typename Request, typename Response>
IdentityApi::Reply<Response> IdentityApi::answer(Reply<Response> (IdentityApi::*method)(const Request&,
                                                                                        Call&),
                                                 const Request& request, Call& call) {
  rpc::Reply<Response> reply = co_await (this->*method)(request, call);
  if (options_.feed != nullptr) co_await options_.feed->spread(*call.executor);
  co_return reply;
}

void IdentityApi::bind(rpc::Registry& registry) {
  auto one = [&]<typename Request, typename Response>(
                 std::string_view name, Reply<Response> (IdentityApi::*method)(const Request&, Call&)) {
    registry.bind<Request, Response>(
        "ducat.identity.v1.IdentityService." + std::string(name),
        [this, method](const Request& request, Call& call) { return answer(method, request, call); });
  };
  one("SignUp", &IdentityApi::sign_up);
  one("Login", &IdentityApi::login);
  one("SignIn", &IdentityApi::sign_in);
  one("Refresh", &IdentityApi::refresh);
  one("Me", &IdentityApi::me);
  one("Logout", &IdentityApi::logout);
  one("LogoutAll", &IdentityApi::logout_all);
  one("ChangePassword", &IdentityApi::change_password);
  one("UpdateUser", &IdentityApi::update_user);
  one("SetRoles", &IdentityApi::set_roles);
  one("EnrollTwoFactor", &IdentityApi::enroll);
  one("VerifyTwoFactor", &IdentityApi::verify);
  one("DisableTwoFactor", &IdentityApi::disable);
  one("CreateApiKey", &IdentityApi::create_key);
  one("ListApiKeys", &IdentityApi::list_keys);
  one("DeleteApiKey", &IdentityApi::delete_key);
}

IdentityApi::Reply<v1::Tokens> IdentityApi::sign_up(const v1::SignUpRequest& request, Call& call) {
  if (!options_.sign_up_open) co_return std::unexpected(rpc::ApiError::of(403, "Sign-up is closed"));
  if (request.has_username() && !is_username(request.username())) {
    co_return std::unexpected(bad_field("username", "must be letters, digits, dots, dashes and underscores"));
  }
  if (auto common = bad_new_password(request.password(), "password"))
    co_return std::unexpected(std::move(*common));
  bool reserved =
      folded(request.username()) == kDevelopmentUser || folded(request.email()) == kDevelopmentEmail;
  if (reserved && !options_.dev) {
    Failure taken{Refusal{RefusalKind::kUsernameTaken, {}}, {}};
    co_return std::unexpected(error_of(taken));
  }
  NewAccount account;
  account.username = request.username();
  account.email = request.email();
  account.profile = {request.first_name(), request.last_name(), {}};
  account.password = request.password();
  Origin origin = origin_of(call);
  auto tokens = co_await service_().sign_up(std::move(account), std::move(origin), *call.executor);
  if (!tokens) co_return std::unexpected(error_of(tokens.error()));
  v1::Tokens reply;
  fill(reply, *tokens);
  co_return reply;
}

IdentityApi::Reply<v1::Tokens> IdentityApi::sign_in_with(Credentials credentials, Call& call) {
  Origin origin = origin_of(call);
  auto tokens = co_await service_().sign_in(std::move(credentials), std::move(origin), *call.executor);
  if (!tokens) co_return std::unexpected(error_of(tokens.error()));
  v1::Tokens reply;
  fill(reply, *tokens);
  co_return reply;
}

IdentityApi::Reply<v1::Tokens> IdentityApi::login(const v1::LoginRequest& request, Call& call) {
  if (!request.has_username() && !request.has_email()) {
    co_return std::unexpected(bad_field("username", "should not be empty"));
  }
  Credentials credentials{request.has_username() ? request.username() : request.email(), request.password(),
                          request.code()};
  bool address = credentials.name.find('@') != std::string::npos;
  if (!address && credentials.name.size() > kLongestUsername) {
    co_return std::unexpected(bad_field("username", "must be shorter than or equal to 50 characters"));
  }
  co_return co_await sign_in_with(std::move(credentials), call);
}

IdentityApi::Reply<v1::Tokens> IdentityApi::sign_in(const v1::SignInRequest& request, Call& call) {
  Credentials credentials{request.email(), request.password(), request.code()};
  return sign_in_with(std::move(credentials), call);
}

IdentityApi::Reply<v1::Tokens> IdentityApi::refresh(const v1::RefreshRequest& request, Call& call) {
  Origin origin = origin_of(call);
  auto tokens = co_await service_().refresh(request.refresh_token(), std::move(origin), *call.executor);
  if (!tokens) co_return std::unexpected(error_of(tokens.error()));
  v1::Tokens reply;
  fill(reply, *tokens);
  co_return reply;
}

// From the credentials alone: they name the user, and what they name cannot change without ending them.
IdentityApi::Reply<v1::CallerProfile> IdentityApi::me(const v1::MeRequest&, Call& call) {
  v1::CallerProfile reply;
  reply.set_id(call.caller.id);
  reply.set_username(call.caller.username);
  reply.set_email(call.caller.email);
  for (const std::string& role : call.caller.roles) reply.add_roles(role);
  co_return reply;
}

IdentityApi::Reply<v1::Done> IdentityApi::logout(const v1::LogoutRequest& request, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  Origin origin = origin_of(call);
  auto ended = co_await service_().sign_out(request.refresh_token(), call.caller.session, std::move(origin),
                                            *call.executor);
  if (!ended) co_return std::unexpected(error_of(ended.error()));
  co_return done("Logged out");
}

IdentityApi::Reply<v1::Done> IdentityApi::logout_all(const v1::LogoutAllRequest&, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  Origin origin = origin_of(call);
  auto ended = co_await service_().sign_out_everywhere(std::move(origin), *call.executor);
  if (!ended) co_return std::unexpected(error_of(ended.error()));
  co_return done("Logged out everywhere");
}

IdentityApi::Reply<v1::Done> IdentityApi::change_password(const v1::ChangePasswordRequest& request,
                                                          Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  if (auto common = bad_new_password(request.new_password(), "newPassword")) {
    co_return std::unexpected(std::move(*common));
  }
  Origin origin = origin_of(call);
  auto changed = co_await service_().change_password(request.old_password(), request.new_password(),
                                                     call.caller.session, std::move(origin), *call.executor);
  if (!changed) co_return std::unexpected(error_of(changed.error()));
  co_return done("Password changed");
}

IdentityApi::Reply<v1::User> IdentityApi::update_user(const v1::UpdateUserRequest& request, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  ProfileChange change;
  if (request.has_first_name()) change.first_name = request.first_name();
  if (request.has_last_name()) change.last_name = request.last_name();
  if (request.has_avatar()) change.avatar = request.avatar();
  Origin origin = origin_of(call);
  std::string id = folded(request.id());
  auto user =
      co_await service_().change_profile(std::move(id), std::move(change), std::move(origin), *call.executor);
  if (!user) co_return std::unexpected(error_of(user.error()));
  v1::User reply;
  fill(reply, *user);
  co_return reply;
}

IdentityApi::Reply<v1::User> IdentityApi::set_roles(const v1::SetRolesRequest& request, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  std::vector<std::string> names(request.roles().begin(), request.roles().end());
  Origin origin = origin_of(call);
  std::string id = folded(request.id());
  auto user =
      co_await service_().set_roles(std::move(id), roles_from(names), std::move(origin), *call.executor);
  if (!user) co_return std::unexpected(error_of(user.error()));
  v1::User reply;
  fill(reply, *user);
  co_return reply;
}

IdentityApi::Reply<v1::TwoFactorEnrolment> IdentityApi::enroll(const v1::EnrollTwoFactorRequest&,
                                                               Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  Origin origin = origin_of(call);
  auto made = co_await service_().enroll_two_factor(std::move(origin), *call.executor);
  if (!made) co_return std::unexpected(error_of(made.error()));
  v1::TwoFactorEnrolment reply;
  reply.set_secret(made->secret);
  reply.set_otpauth_uri(made->uri);
  reply.set_qr_svg(made->qr_svg);
  for (const std::string& code : made->recovery_codes) reply.add_recovery_codes(code);
  co_return reply;
}

IdentityApi::Reply<v1::TwoFactorState> IdentityApi::verify(const v1::TwoFactorCode& request, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  Origin origin = origin_of(call);
  auto verified = co_await service_().verify_two_factor(request.code(), std::move(origin), *call.executor);
  if (!verified) co_return std::unexpected(error_of(verified.error()));
  v1::TwoFactorState reply;
  reply.set_enabled(true);
  co_return reply;
}

IdentityApi::Reply<v1::TwoFactorState> IdentityApi::disable(const v1::TwoFactorCode& request, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  Origin origin = origin_of(call);
  auto disabled = co_await service_().disable_two_factor(request.code(), std::move(origin), *call.executor);
  if (!disabled) co_return std::unexpected(error_of(disabled.error()));
  v1::TwoFactorState reply;
  reply.set_enabled(false);
  co_return reply;
}

IdentityApi::Reply<v1::NewApiKey> IdentityApi::create_key(const v1::CreateApiKeyRequest& request,
                                                          Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  std::optional<Timestamp> expires_at;
  if (request.has_expires_at()) expires_at = Timestamp{request.expires_at()};
  if (expires_at && *expires_at <= clock_.now()) {
    co_return std::unexpected(bad_field("expiresAt", "must be in the future"));
  }
  for (const std::string& scope : request.scopes()) {
    if (!is_permission(scope))
      co_return std::unexpected(bad_field("scopes", "must be permissions: wallet:read"));
  }
  std::vector<std::string> scopes(request.scopes().begin(), request.scopes().end());
  Origin origin = origin_of(call);
  auto made = co_await service_().create_key(request.name(), std::move(scopes), expires_at, std::move(origin),
                                             *call.executor);
  if (!made) co_return std::unexpected(error_of(made.error()));
  v1::NewApiKey reply;
  reply.set_id(made->stored.id.to_string());
  reply.set_name(made->stored.name);
  reply.set_key(made->key);
  for (const std::string& scope : made->stored.scopes) reply.add_scopes(scope);
  if (made->stored.expires_at) reply.set_expires_at(made->stored.expires_at->micros);
  reply.set_created_at(made->stored.created_at.micros);
  co_return reply;
}

IdentityApi::Reply<v1::ApiKeys> IdentityApi::list_keys(const v1::ListApiKeysRequest&, Call& call) {
  auto user = co_await service_().find(name_of_id(call.caller.id), *call.executor);
  if (!user) co_return std::unexpected(error_of(user.error()));
  v1::ApiKeys reply;
  if (*user) {
    for (const ApiKey& key : (*user)->api_keys) fill(*reply.add_keys(), key);
  }
  co_return reply;
}

IdentityApi::Reply<v1::Done> IdentityApi::delete_key(const v1::DeleteApiKeyRequest& request, Call& call) {
  if (auto refused = not_by_key(call)) co_return std::unexpected(std::move(*refused));
  auto id = Uuid::parse(request.id());
  Origin origin = origin_of(call);
  auto revoked = co_await service_().revoke_key(id.value_or(Uuid{}), std::move(origin), *call.executor);
  if (!revoked) co_return std::unexpected(error_of(revoked.error()));
  co_return done("API key revoked");
}

}  // namespace ducat::identity
