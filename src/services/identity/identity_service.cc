// Signing up, in and out; what changes an account stands in identity_account.cc.
#include "services/identity/identity_service.h"

#include "platform/security/secrets.h"
#include "platform/security/totp.h"
#include "services/identity/store/tables.h"

namespace ducat::identity {
namespace {

using kernel::Verdict;

// The account changed while its password was hashed: a few more looks are enough unless somebody means it.
constexpr int kLooks = 3;

std::unexpected<Failure> refused(RefusalKind kind, Duration wait = {}) {
  return std::unexpected(Failure{Refusal{kind, wait}, {}});
}

std::unexpected<Failure> unavailable() {
  return std::unexpected(Failure{std::nullopt, {Errc::kUnavailable, "users cannot be read or changed now"}});
}

std::unexpected<Failure> failed(Error error) {
  return std::unexpected(Failure{std::nullopt, std::move(error)});
}

bool is_stale(const Failure& failure) {
  return failure.refusal && failure.refusal->kind == RefusalKind::kStale;
}

std::string name_for_sign_in(std::string_view name) {
  return name.find('@') == std::string_view::npos ? name_of_username(name) : name_of_email(name);
}

}  // namespace

Task<Outcome<bool>> IdentityService::run(IdentitySubmission& submission) {
  co_await ports_.engine.submit(submission);
  IdentityOperation& operation = submission.operation;
  if (operation.verdict == Verdict::kAccepted) {
    for (const AccessChange& change : operation.changes) ports_.registry.apply(change);
  } else if (operation.verdict != Verdict::kRefused) {
    co_return unavailable();
  }
  if (operation.refusal) co_return refused(operation.refusal->kind, operation.refusal->wait);
  co_return true;
}

NewSession IdentityService::new_session() {
  Timestamp now = ports_.clock.now();
  return {make_uuid7(now, ports_.random), now + options_.refresh_ttl};
}

SignUp IdentityService::sign_up_of(NewAccount account, std::string hash) {
  SignUp command;
  command.user_id = make_uuid7(ports_.clock.now(), ports_.random);
  command.derived = account.username.empty();
  command.username = command.derived ? username_from(account.email) : std::move(account.username);
  command.fallback = command.username + "-" + command.user_id.to_string().substr(30);
  command.email = std::move(account.email);
  command.email_verified = account.email_verified;
  command.profile = std::move(account.profile);
  command.password_hash = std::move(hash);
  command.roles = account.roles;
  return command;
}

Outcome<TokenPair> IdentityService::tokens_of(const IdentityOperation& operation) const {
  if (!operation.user || !operation.session_after) return unavailable();
  const User& user = *operation.user;
  const Session& session = *operation.session_after;
  security::Claims claims;
  claims.subject = user.id.to_string();
  claims.username = user.username;
  claims.email = user.email;
  claims.roles = names_of(user.roles);
  claims.type = "access";
  claims.session = session.id.to_string();
  claims.generation = user.generation;
  claims.issued_at = ports_.clock.now();
  claims.expires_at = claims.issued_at + options_.access_ttl;
  security::Claims refresh;
  refresh.subject = claims.subject;
  refresh.type = "refresh";
  refresh.session = claims.session;
  refresh.sequence = static_cast<int64_t>(session.sequence);
  refresh.issued_at = claims.issued_at;
  refresh.expires_at = session.expires_at;
  return TokenPair{ports_.tokens.sign(claims), ports_.tokens.sign(refresh), options_.access_ttl, user};
}

Task<Outcome<TokenPair>> IdentityService::sign_up(NewAccount account, Origin origin, Executor& home) {
  std::string password = std::move(account.password);
  auto hash = co_await ports_.hasher.hash(std::move(password), home);
  if (!hash) co_return failed(std::move(hash.error()));
  SignUp command = sign_up_of(std::move(account), std::move(*hash));
  command.session = new_session();
  IdentitySubmission submission(home);
  submission.operation.session = command.session->id;
  submission.operation.command = std::move(command);
  submission.operation.origin = std::move(origin);
  auto done = co_await run(submission);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return tokens_of(submission.operation);
}

Task<Outcome<bool>> IdentityService::ensure(NewAccount account, Executor& home) {
  auto there = co_await find(name_of_username(account.username), home);
  if (!there) co_return std::unexpected(std::move(there.error()));
  if (*there) co_return false;
  std::string password = std::move(account.password);
  auto hash = co_await ports_.hasher.hash(std::move(password), home);
  if (!hash) co_return failed(std::move(hash.error()));
  IdentitySubmission submission(home);
  submission.operation.command = sign_up_of(std::move(account), std::move(*hash));
  co_return co_await run(submission);
}

Task<Outcome<TokenPair>> IdentityService::sign_in(Credentials credentials, Origin origin, Executor& home) {
  for (int look = 1;; ++look) {
    auto tokens = co_await try_sign_in(credentials, origin, home);
    if (tokens || !is_stale(tokens.error()) || look == kLooks) co_return tokens;
  }
}

Task<Outcome<TokenPair>> IdentityService::try_sign_in(const Credentials& credentials, Origin origin,
                                                      Executor& home) {
  IdentitySubmission look(home);
  look.read_only = true;
  look.operation.name = name_for_sign_in(credentials.name);
  auto looked = co_await run(look);
  if (!looked) co_return std::unexpected(std::move(looked.error()));
  const Gate& gate = look.operation.gate;
  if (gate.state == Gate::State::kLocked) co_return refused(RefusalKind::kLocked, gate.wait);
  if (gate.state == Gate::State::kTooEarly) co_return refused(RefusalKind::kTooEarly, gate.wait);

  const std::optional<User>& user = look.operation.user;
  SignIn command;
  command.session = new_session();
  command.checked_hash = user ? user->password_hash : std::string();
  auto matches = co_await ports_.hasher.verify(credentials.password, command.checked_hash, home);
  if (!matches) co_return failed(std::move(matches.error()));
  command.password_matches = *matches;
  if (*matches && ports_.hasher.outdated(command.checked_hash)) {
    auto hash = co_await ports_.hasher.hash(credentials.password, home);
    if (!hash) co_return failed(std::move(hash.error()));
    command.new_hash = std::move(*hash);
  }
  if (user) command.code = checked(*user, credentials.code);

  IdentitySubmission submission(home);
  submission.operation.name = look.operation.name;
  submission.operation.session = command.session.id;
  submission.operation.command = std::move(command);
  submission.operation.origin = std::move(origin);
  auto done = co_await run(submission);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return tokens_of(submission.operation);
}

Task<Outcome<TokenPair>> IdentityService::sign_in_externally(ExternalPerson person, Origin origin,
                                                             Executor& home) {
  NewAccount account;
  account.email = std::move(person.email);
  account.email_verified = person.email_verified;
  account.profile = std::move(person.profile);
  SignInExternally command{sign_up_of(std::move(account), {})};
  command.account.external_identity = person.identity;
  command.account.method = "oidc";
  command.account.session = new_session();
  IdentitySubmission submission(home);
  submission.operation.name = name_of_external(person.identity);
  submission.operation.session = command.account.session->id;
  submission.operation.command = std::move(command);
  submission.operation.origin = std::move(origin);
  auto done = co_await run(submission);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return tokens_of(submission.operation);
}

Task<Outcome<TokenPair>> IdentityService::refresh(std::string refresh_token, Origin origin, Executor& home) {
  auto claims = ports_.tokens.verify(refresh_token, "refresh", ports_.clock.now());
  auto session = claims ? Uuid::parse(claims->session) : std::nullopt;
  if (!session || claims->sequence < 1) co_return refused(RefusalKind::kInvalidRefreshToken);
  IdentitySubmission submission(home);
  submission.operation.name = name_of_id(claims->subject);
  submission.operation.session = session;
  submission.operation.command =
      Refresh{static_cast<uint64_t>(claims->sequence), ports_.clock.now() + options_.refresh_ttl};
  origin.actor = claims->subject;
  submission.operation.origin = std::move(origin);
  auto done = co_await run(submission);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return tokens_of(submission.operation);
}

Task<Outcome<bool>> IdentityService::sign_out(std::string refresh_token, std::string session, Origin origin,
                                              Executor& home) {
  if (!refresh_token.empty()) {
    auto claims = ports_.tokens.verify(refresh_token, "refresh", ports_.clock.now());
    if (!claims || claims->subject != origin.actor) co_return refused(RefusalKind::kInvalidRefreshToken);
    session = std::move(claims->session);
  }
  auto id = Uuid::parse(session);
  if (!id) co_return refused(RefusalKind::kInvalidRefreshToken);
  IdentitySubmission submission(home);
  submission.operation.name = name_of_id(origin.actor);
  submission.operation.session = id;
  submission.operation.command = SignOut{};
  submission.operation.origin = std::move(origin);
  co_return co_await run(submission);
}

Task<Outcome<bool>> IdentityService::sign_out_everywhere(Origin origin, Executor& home) {
  IdentitySubmission submission(home);
  submission.operation.name = name_of_id(origin.actor);
  submission.operation.command = SignOutEverywhere{};
  submission.operation.origin = std::move(origin);
  co_return co_await run(submission);
}

Task<Outcome<std::optional<User>>> IdentityService::find(std::string name, Executor& home) {
  IdentitySubmission submission(home);
  submission.read_only = true;
  submission.operation.name = std::move(name);
  auto done = co_await run(submission);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return std::move(submission.operation.user);
}

GivenCode IdentityService::checked(const User& user, const std::string& code) const {
  GivenCode given;
  given.given = !code.empty();
  given.checked_secret = user.two_factor.secret;
  if (!given.given || given.checked_secret.empty()) return given;
  given.totp_step = security::match_totp(given.checked_secret, code, ports_.clock.now());
  given.recovery_hash = security::recovery_code_hash(code);
  return given;
}

}  // namespace ducat::identity
