// See oidc_api.h.
#include "services/identity/oidc/oidc_api.h"

#include "platform/security/base64.h"
#include "platform/security/secrets.h"
#include "platform/security/sha256.h"
#include "platform/telemetry/logger.h"

namespace ducat::identity {
namespace {

constexpr std::string_view kCookie = "ducat_oidc";
constexpr std::string_view kPath = "; Path=/api/auth/oidc; HttpOnly; SameSite=Lax";
constexpr std::string_view kTokenType = "oidc";
constexpr Duration kLife = Duration::seconds(600);
constexpr size_t kBytes = 32;

rpc::ApiError none() {
  return rpc::ApiError::of(404, "No external provider is configured");
}

rpc::ApiError failed() {
  rpc::ApiError error = rpc::ApiError::of(401, "The sign-in with the external provider failed");
  error.code = "UNAUTHORIZED";
  return error;
}

// A provider that does not answer is 503; one that says no is 401, and the log knows why.
rpc::ApiError told(const Error& error) {
  if (error.retryable()) return rpc::ApiError::from(error);
  log::warn("identity.oidc_refused", {{"reason", error.message}});
  return failed();
}

std::string cookie(std::string_view value, int64_t seconds, bool secure) {
  std::string text = std::string(kCookie) + "=" + std::string(value);
  text += "; Max-Age=" + std::to_string(seconds);
  text += kPath;
  if (secure) text += "; Secure";
  return text;
}

std::string_view cookie_value(std::string_view header) {
  while (!header.empty()) {
    size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('='))
      return pair.substr(kCookie.size() + 1);
  }
  return {};
}

}  // namespace

void OidcApi::bind(rpc::Registry& registry) {
  registry.bind<v1::StartExternalSignInRequest, v1::Done>(
      "ducat.identity.v1.IdentityService.StartExternalSignIn",
      [this](const v1::StartExternalSignInRequest& request, Call& call) { return start(request, call); });
  registry.bind<v1::FinishExternalSignInRequest, v1::Tokens>(
      "ducat.identity.v1.IdentityService.FinishExternalSignIn",
      [this](const v1::FinishExternalSignInRequest& request, Call& call) { return finish(request, call); });
}

OidcApi::Reply<v1::Done> OidcApi::start(const v1::StartExternalSignInRequest&, Call& call) {
  if (!ports_.provider.configured()) co_return std::unexpected(none());
  auto secret = [this] { return security::base64url(security::random_bytes(kBytes, ports_.random)); };
  Handshake handshake{secret(), secret(), secret()};
  security::Claims claims;
  claims.subject = "browser";
  claims.type = kTokenType;
  claims.purpose = handshake.state + " " + handshake.nonce + " " + handshake.verifier;
  claims.issued_at = ports_.clock.now();
  claims.expires_at = claims.issued_at + kLife;
  auto url = co_await ports_.provider.authorization_url(handshake, *call.executor);
  if (!url) co_return std::unexpected(told(url.error()));
  std::string value = cookie(ports_.tokens.sign(claims), kLife.micros / 1'000'000, call.request->secure);
  call.out.headers.emplace_back("Set-Cookie", std::move(value));
  call.out.headers.emplace_back("Cache-Control", "no-store");
  call.out.headers.emplace_back("Location", std::move(*url));
  v1::Done reply;
  reply.set_message("Sign in with the external provider");
  co_return reply;
}

std::optional<Handshake> OidcApi::read_cookie(const Call& call) const {
  std::string_view value = cookie_value(call.request->header("cookie"));
  auto claims = ports_.tokens.verify(value, kTokenType, ports_.clock.now());
  if (!claims) return std::nullopt;
  const std::string& text = claims->purpose;
  size_t first = text.find(' ');
  size_t second = first == std::string::npos ? first : text.find(' ', first + 1);
  if (second == std::string::npos) return std::nullopt;
  return Handshake{text.substr(0, first), text.substr(first + 1, second - first - 1),
                   text.substr(second + 1)};
}

OidcApi::Reply<v1::Tokens> OidcApi::finish(const v1::FinishExternalSignInRequest& request, Call& call) {
  if (!ports_.provider.configured()) co_return std::unexpected(none());
  // The cookie has done its work whatever comes of it.
  call.out.headers.emplace_back("Set-Cookie", cookie("", 0, call.request->secure));
  call.out.headers.emplace_back("Cache-Control", "no-store");
  auto handshake = read_cookie(call);
  bool ours = handshake && security::equal_in_constant_time(handshake->state, request.state());
  if (!ours || request.has_error() || request.code().empty()) co_return std::unexpected(failed());
  // Who sent the browser back must be who it was sent to (RFC 9207), if it says so.
  if (request.has_iss() && request.iss() != ports_.provider.issuer()) co_return std::unexpected(failed());
  auto token = co_await ports_.provider.redeem(request.code(), *handshake, *call.executor);
  if (!token) co_return std::unexpected(told(token.error()));
  if (token->email.empty()) co_return std::unexpected(failed());
  ExternalPerson person;
  person.identity = ports_.provider.issuer() + " " + token->subject;
  person.email = token->email;
  person.email_verified = token->email_verified;
  person.profile = {token->first_name, token->last_name, {}};
  Origin origin = origin_of(call);
  auto tokens =
      co_await ports_.service().sign_in_externally(std::move(person), std::move(origin), *call.executor);
  if (!tokens) co_return std::unexpected(error_of(tokens.error()));
  v1::Tokens reply;
  fill(reply, *tokens);
  co_return reply;
}

}  // namespace ducat::identity
