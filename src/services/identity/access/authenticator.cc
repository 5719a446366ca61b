// See authenticator.h.
#include "services/identity/access/authenticator.h"

#include <algorithm>

#include "platform/http/text.h"
#include "platform/security/secrets.h"

namespace ducat::identity {
namespace {

constexpr std::string_view kScheme = "Bearer ";

rpc::ApiError forbidden(std::string_view permission) {
  return rpc::ApiError::of(403, "This needs the permission " + std::string(permission));
}

bool within(const std::vector<std::string>& scopes, std::string_view permission) {
  return scopes.empty() || std::find(scopes.begin(), scopes.end(), permission) != scopes.end();
}

}  // namespace

std::expected<rpc::Caller, rpc::ApiError> Authenticator::authenticate(const http::Request& request,
                                                                      const rpc::AccessRule& rule) {
  if (rule.open) return rpc::Caller{};
  if (std::string_view header = request.header("authorization"); !header.empty())
    return by_token(header, rule);
  if (std::string_view key = request.header("x-api-key"); !key.empty()) return by_key(key, rule);
  return std::unexpected(rpc::unauthorized());
}

std::expected<rpc::Caller, rpc::ApiError> Authenticator::by_token(std::string_view header,
                                                                  const rpc::AccessRule& rule) const {
  bool bearer =
      header.size() > kScheme.size() && http::equals_ignoring_case(header.substr(0, kScheme.size()), kScheme);
  if (!bearer) return std::unexpected(rpc::unauthorized());
  std::shared_ptr<const security::Claims> claims = verified(header.substr(kScheme.size()));
  if (!claims || registry_.has_ended(*claims)) return std::unexpected(rpc::unauthorized());
  if (!rule.permission.empty() && !grants(roles_from(claims->roles), rule.permission)) {
    return std::unexpected(forbidden(rule.permission));
  }
  rpc::Caller caller;
  caller.id = claims->subject;
  caller.anonymous = false;
  caller.username = claims->username;
  caller.email = claims->email;
  caller.roles = claims->roles;
  caller.session = claims->session;
  return caller;
}

// Null for a token that is not ours, not for access, or over.
std::shared_ptr<const security::Claims> Authenticator::verified(std::string_view token) const {
  Timestamp now = clock_.now();
  if (auto known = known_.find(token)) return known->expires_at > now ? known : nullptr;
  auto claims = tokens_.verify(token, "access", now);
  if (!claims) return nullptr;
  auto good = std::make_shared<const security::Claims>(std::move(*claims));
  known_.add(token, good);
  return good;
}

std::expected<rpc::Caller, rpc::ApiError> Authenticator::by_key(std::string_view key,
                                                                const rpc::AccessRule& rule) const {
  if (!security::looks_like_api_key(key)) return std::unexpected(rpc::unauthorized());
  auto holder = registry_.find_key(security::key_hash(key), clock_.now());
  if (!holder) return std::unexpected(rpc::unauthorized());
  bool granted = grants(holder->roles, rule.permission) && within(holder->scopes, rule.permission);
  if (!rule.permission.empty() && !granted) return std::unexpected(forbidden(rule.permission));
  rpc::Caller caller;
  caller.id = std::move(holder->user_id);
  caller.anonymous = false;
  caller.username = std::move(holder->username);
  caller.email = std::move(holder->email);
  caller.roles = names_of(holder->roles);
  caller.by_api_key = true;
  return caller;
}

}  // namespace ducat::identity
