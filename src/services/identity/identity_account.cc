// What a user changes of the own account: profile, password, second factor, API keys.
#include "platform/security/base64.h"
#include "platform/security/secrets.h"
#include "platform/security/totp.h"
#include "services/identity/identity_service.h"
#include "services/identity/store/tables.h"

namespace ducat::identity {
namespace {

constexpr int kLooks = 3;  // see identity_service.cc

bool is_stale(const Failure& failure) {
  return failure.refusal && failure.refusal->kind == RefusalKind::kStale;
}

std::unexpected<Failure> refused(RefusalKind kind, Duration wait = {}) {
  return std::unexpected(Failure{Refusal{kind, wait}, {}});
}

std::unexpected<Failure> failed(Error error) {
  return std::unexpected(Failure{std::nullopt, std::move(error)});
}

}  // namespace

Task<Outcome<User>> IdentityService::change(std::string user_id, Command command, Origin origin,
                                            Executor& home) {
  IdentitySubmission submission(home);
  submission.operation.name = name_of_id(user_id);
  submission.operation.command = std::move(command);
  submission.operation.origin = std::move(origin);
  auto done = co_await run(submission);
  if (!done) co_return std::unexpected(std::move(done.error()));
  if (!submission.operation.user) co_return refused(RefusalKind::kUserNotFound);
  co_return std::move(*submission.operation.user);
}

Task<Outcome<User>> IdentityService::change_profile(std::string user_id, ProfileChange change, Origin origin,
                                                    Executor& home) {
  ChangeProfile command{origin.actor, user_id, std::move(change.first_name), std::move(change.last_name),
                        std::move(change.avatar)};
  return this->change(std::move(user_id), std::move(command), std::move(origin), home);
}

Task<Outcome<User>> IdentityService::set_roles(std::string user_id, RoleSet roles, Origin origin,
                                               Executor& home) {
  return change(std::move(user_id), SetRoles{roles}, std::move(origin), home);
}

Task<Outcome<bool>> IdentityService::change_password(std::string old_password, std::string new_password,
                                                     std::string session, Origin origin, Executor& home) {
  for (int look = 1;; ++look) {
    auto done = co_await try_change_password(old_password, new_password, session, origin, home);
    if (done || !is_stale(done.error()) || look == kLooks) co_return done;
  }
}

Task<Outcome<bool>> IdentityService::try_change_password(const std::string& old_password,
                                                         const std::string& new_password,
                                                         const std::string& session, const Origin& origin,
                                                         Executor& home) {
  IdentitySubmission look(home);
  look.read_only = true;
  look.operation.name = name_of_id(origin.actor);
  auto looked = co_await run(look);
  if (!looked) co_return looked;
  const std::optional<User>& user = look.operation.user;
  if (!user) co_return refused(RefusalKind::kUserNotFound);
  const Gate& gate = look.operation.gate;
  if (gate.state == Gate::State::kLocked) co_return refused(RefusalKind::kLocked, gate.wait);
  if (gate.state == Gate::State::kTooEarly) co_return refused(RefusalKind::kTooEarly, gate.wait);
  ChangePassword command;
  command.checked_hash = user->password_hash;
  command.session = Uuid::parse(session);
  auto matches = co_await ports_.hasher.verify(old_password, command.checked_hash, home);
  if (!matches) co_return failed(std::move(matches.error()));
  command.old_matches = *matches;
  if (*matches) {
    auto hash = co_await ports_.hasher.hash(new_password, home);
    if (!hash) co_return failed(std::move(hash.error()));
    command.new_hash = std::move(*hash);
  }
  IdentitySubmission submission(home);
  submission.operation.name = look.operation.name;
  submission.operation.command = std::move(command);
  submission.operation.origin = origin;
  co_return co_await run(submission);
}

Task<Outcome<Enrolment>> IdentityService::enroll_two_factor(Origin origin, Executor& home) {
  Enrolment made;
  std::string secret = security::random_bytes(security::kTotpSecretBytes, ports_.random);
  made.recovery_codes = security::make_recovery_codes(kRecoveryCodes, ports_.random);
  EnrollTwoFactor command{secret, {}};
  for (const std::string& code : made.recovery_codes) {
    command.recovery_hashes.push_back(security::recovery_code_hash(code));
  }
  std::string user_id = origin.actor;
  auto user = co_await change(std::move(user_id), std::move(command), std::move(origin), home);
  if (!user) co_return std::unexpected(std::move(user.error()));
  made.secret = security::base32(secret);
  made.uri = security::otpauth_uri(options_.issuer_name, user->username, secret);
  auto picture = security::qr_svg(made.uri);
  if (!picture) co_return failed(std::move(picture.error()));
  made.qr_svg = std::move(*picture);
  co_return made;
}

template <typename C>
Task<Outcome<bool>> IdentityService::use_code(std::string code, Origin origin, Executor& home) {
  auto user = co_await find(name_of_id(origin.actor), home);
  if (!user) co_return std::unexpected(std::move(user.error()));
  if (!*user) co_return refused(RefusalKind::kUserNotFound);
  C command{checked(**user, code)};
  std::string user_id = origin.actor;
  auto changed = co_await change(std::move(user_id), std::move(command), std::move(origin), home);
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  co_return true;
}

Task<Outcome<bool>> IdentityService::verify_two_factor(std::string code, Origin origin, Executor& home) {
  return use_code<VerifyTwoFactor>(std::move(code), std::move(origin), home);
}

Task<Outcome<bool>> IdentityService::disable_two_factor(std::string code, Origin origin, Executor& home) {
  return use_code<DisableTwoFactor>(std::move(code), std::move(origin), home);
}

Task<Outcome<MadeKey>> IdentityService::create_key(std::string name, std::vector<std::string> scopes,
                                                   std::optional<Timestamp> expires_at, Origin origin,
                                                   Executor& home) {
  MadeKey made;
  made.key = security::make_api_key(ports_.random);
  Timestamp now = ports_.clock.now();
  made.stored = {make_uuid7(now, ports_.random),
                 security::key_hash(made.key),
                 std::move(name),
                 std::move(scopes),
                 now,
                 expires_at};
  std::string user_id = origin.actor;
  CreateApiKey command{made.stored};
  auto user = co_await change(std::move(user_id), std::move(command), std::move(origin), home);
  if (!user) co_return std::unexpected(std::move(user.error()));
  if (!user->api_keys.empty()) made.stored = user->api_keys.back();
  co_return made;
}

Task<Outcome<bool>> IdentityService::revoke_key(Uuid id, Origin origin, Executor& home) {
  std::string user_id = origin.actor;
  auto user = co_await change(std::move(user_id), RevokeApiKey{id}, std::move(origin), home);
  if (!user) co_return std::unexpected(std::move(user.error()));
  co_return true;
}

}  // namespace ducat::identity
