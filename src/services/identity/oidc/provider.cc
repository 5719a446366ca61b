// See provider.h.
#include "services/identity/oidc/provider.h"

#include <rapidjson/document.h>

#include "platform/security/base64.h"
#include "platform/security/sha256.h"

namespace ducat::identity {
namespace {

using security::percent_encoded;

std::string text_of(const rapidjson::Document& json, const char* name) {
  if (!json.IsObject()) return {};
  auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

Result<rapidjson::Document> read_answer(const Result<fetch::Response>& answer, std::string_view what) {
  if (!answer) return std::unexpected(answer.error());
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(answer->body.data(),
                                                                                     answer->body.size());
  bool failed = answer->status >= 500 || answer->status == 429;
  if (failed)
    return fail(Errc::kUnavailable, std::string(what) + " answered " + std::to_string(answer->status));
  if (answer->status != 200 || json.HasParseError() || !json.IsObject()) {
    // The error's name is the provider's own and holds no secret (RFC 6749, 5.2).
    std::string reason = json.HasParseError() ? std::string() : text_of(json, "error");
    return fail(Errc::kInvalid, std::string(what) + " answered " + std::to_string(answer->status) +
                                    (reason.empty() ? "" : ": ") + reason);
  }
  return json;
}

std::string_view words_of(security::IdTokenFault fault) {
  using enum security::IdTokenFault;
  switch (fault) {
    case kMalformed:
      return "malformed";
    case kUnknownKey:
      return "signed with an unknown key";
    case kSignature:
      return "badly signed";
    case kExpired:
      return "expired, or from the future";
    case kForeign:
      return "not for this sign-in";
  }
  return "no good";
}

// For HTTP Basic (RFC 6749, 2.3.1). Base64 with padding.
std::string basic(const std::string& id, const std::string& secret) {
  std::string text = security::base64url(percent_encoded(id) + ":" + percent_encoded(secret));
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text.push_back('=');
  return "Basic " + text;
}

}  // namespace

Task<Result<Provider::Endpoints>> Provider::endpoints(Executor& home) {
  {
    std::lock_guard lock(mutex_);
    if (endpoints_ && clock_.monotonic() - endpoints_at_ < options_.fresh) co_return *endpoints_;
  }
  fetch::Request request;
  request.url = options_.issuer;
  if (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/.well-known/openid-configuration";
  auto answer = co_await fetcher_.fetch(std::move(request), home);
  auto json = read_answer(answer, "the provider's discovery document");
  if (!json) co_return propagate(json);
  if (text_of(*json, "issuer") != options_.issuer) {
    co_return fail(Errc::kInvalid, "the provider's discovery document is of another issuer");
  }
  Endpoints found;
  found.authorization = text_of(*json, "authorization_endpoint");
  found.token = text_of(*json, "token_endpoint");
  found.keys = text_of(*json, "jwks_uri");
  if (found.authorization.empty() || found.token.empty() || found.keys.empty()) {
    co_return fail(Errc::kInvalid, "the provider's discovery document lacks an endpoint");
  }
  std::lock_guard lock(mutex_);
  endpoints_ = found;
  endpoints_at_ = clock_.monotonic();
  co_return found;
}

Task<Result<security::KeySet>> Provider::keys(Duration at_most, Executor& home) {
  {
    std::lock_guard lock(mutex_);
    if (keys_ && clock_.monotonic() - keys_at_ < at_most) co_return *keys_;
  }
  auto where = co_await endpoints(home);
  if (!where) co_return propagate(where);
  fetch::Request request;
  request.url = where->keys;
  auto answer = co_await fetcher_.fetch(std::move(request), home);
  auto json = read_answer(answer, "the provider's key set");
  if (!json) co_return propagate(json);
  auto set = security::KeySet::parse(answer->body);
  if (!set) co_return propagate(set);
  std::lock_guard lock(mutex_);
  keys_ = *set;
  keys_at_ = clock_.monotonic();
  co_return *set;
}

Task<Result<std::string>> Provider::authorization_url(Handshake handshake, Executor& home) {
  auto where = co_await endpoints(home);
  if (!where) co_return propagate(where);
  std::string challenge = security::base64url(security::as_bytes(security::sha256(handshake.verifier)));
  std::string url = where->authorization;
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += "response_type=code&client_id=" + percent_encoded(options_.client_id);
  url += "&redirect_uri=" + percent_encoded(options_.redirect_url);
  url += "&scope=" + percent_encoded(options_.scopes) + "&state=" + handshake.state +
         "&nonce=" + handshake.nonce;
  url += "&code_challenge=" + challenge + "&code_challenge_method=S256";
  co_return url;
}

Task<Result<security::IdToken>> Provider::redeem(std::string code, Handshake handshake, Executor& home) {
  auto where = co_await endpoints(home);
  if (!where) co_return propagate(where);
  fetch::Request request;
  request.method = "POST";
  request.url = where->token;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.headers.emplace_back("Accept", "application/json");
  request.body = "grant_type=authorization_code&code=" + percent_encoded(code);
  request.body += "&redirect_uri=" + percent_encoded(options_.redirect_url);
  request.body +=
      "&client_id=" + percent_encoded(options_.client_id) + "&code_verifier=" + handshake.verifier;
  if (!options_.client_secret.empty()) {
    request.headers.emplace_back("Authorization", basic(options_.client_id, options_.client_secret));
  }
  auto answer = co_await fetcher_.fetch(std::move(request), home);
  auto json = read_answer(answer, "the provider's token endpoint");
  if (!json) co_return propagate(json);
  std::string token = text_of(*json, "id_token");
  co_return co_await check(std::move(token), std::move(handshake.nonce), home);
}

Task<Result<security::IdToken>> Provider::check(std::string token, std::string nonce, Executor& home) {
  const security::IdTokenRules rules{options_.issuer, options_.client_id, nonce};
  auto set = co_await keys(options_.fresh, home);
  if (!set) co_return propagate(set);
  auto checked = set->verify(token, rules, clock_.now());
  if (!checked && checked.error() == security::IdTokenFault::kUnknownKey) {
    // The provider has a new key, or somebody makes things up: looked up again, not too often.
    set = co_await keys(options_.refetch, home);
    if (!set) co_return propagate(set);
    checked = set->verify(token, rules, clock_.now());
  }
  if (!checked) co_return fail(Errc::kInvalid, "the ID token is " + std::string(words_of(checked.error())));
  co_return std::move(*checked);
}

}  // namespace ducat::identity
