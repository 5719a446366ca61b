// See mapping.h.
#include "services/identity/api/mapping.h"

#include "platform/rpc/json_text.h"

namespace ducat::identity {
namespace {

constexpr size_t kLongestText = 512;
constexpr int64_t kMicros = 1'000'000;

// Headers may hold any bytes; what is stored is UTF-8.
std::string kept_text(std::string_view text) {
  std::string kept(text.substr(0, kLongestText));
  if (rpc::valid_utf8(kept)) return kept;
  for (char& c : kept) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return kept;
}

struct Told {
  RefusalKind kind;
  int status;
  std::string_view code;  // empty: made from the status
  std::string_view message;
};
constexpr Told kTold[] = {
    {RefusalKind::kInvalidCredentials, 401, "UNAUTHORIZED", "Invalid credentials"},
    {RefusalKind::kTooEarly, 429, "TOO_MANY_REQUESTS", "Too many failed attempts. Try again later"},
    {RefusalKind::kLocked, 429, "ACCOUNT_LOCKED", "The account is locked after too many failed attempts"},
    {RefusalKind::kTwoFactorRequired, 401, "TWO_FACTOR_REQUIRED", "A two-factor code is required"},
    {RefusalKind::kInvalidCode, 401, "UNAUTHORIZED", "Invalid two-factor code"},
    {RefusalKind::kInvalidRefreshToken, 401, "UNAUTHORIZED", "Invalid refresh token"},
    {RefusalKind::kUsernameTaken, 409, "ALREADY_EXISTS", "A user with this username already exists"},
    {RefusalKind::kEmailTaken, 409, "ALREADY_EXISTS", "A user with this email already exists"},
    {RefusalKind::kForbidden, 403, "FORBIDDEN", "Only your own account"},
    {RefusalKind::kUserNotFound, 404, "NOT_FOUND", "User not found"},
    {RefusalKind::kKeyNotFound, 404, "NOT_FOUND", "API key not found"},
    {RefusalKind::kTooManyKeys, 422, "TOO_MANY_API_KEYS", "There are 50 API keys already"},
    {RefusalKind::kScopeNotGranted, 403, "FORBIDDEN", "A scope is beyond your permissions"},
    {RefusalKind::kTwoFactorOn, 409, "ALREADY_EXISTS", "Two-factor authentication is already on"},
    {RefusalKind::kTwoFactorOff, 409, "CONFLICT", "Two-factor authentication is not on"},
    {RefusalKind::kStale, 409, "CONFLICT", "The account was changed at the same time; try again"},
};
static_assert(std::size(kTold) == static_cast<size_t>(kLastRefusalKind) + 1, "every refusal has its words");

}  // namespace

Origin origin_of(const rpc::CallContext& call) {
  Origin origin;
  origin.ip_address = kept_text(call.request->client);
  origin.user_agent = kept_text(call.request->header("user-agent"));
  origin.request_id = kept_text(call.request_id);
  if (!call.caller.anonymous) origin.actor = call.caller.id;
  return origin;
}

rpc::ApiError error_of(const Failure& failure) {
  if (!failure.refusal) return rpc::ApiError::from(failure.error);
  for (const Told& told : kTold) {
    if (told.kind != failure.refusal->kind) continue;
    rpc::ApiError error = rpc::ApiError::of(told.status, std::string(told.message));
    error.code = told.code;
    if (told.status == 429) {
      error.retry_after = std::max<int64_t>((failure.refusal->wait.micros + kMicros - 1) / kMicros, 1);
    }
    return error;
  }
  return rpc::ApiError::of(500);
}

rpc::ApiError bad_field(std::string_view field, std::string_view what) {
  std::string name(field);
  return rpc::ApiError::invalid({{name, name + " " + std::string(what), "body", "value_error"}});
}

void fill(v1::Tokens& out, const TokenPair& pair) {
  out.set_access_token(pair.access_token);
  out.set_token_type("Bearer");
  out.set_expires_in(pair.expires_in.micros / kMicros);
  out.set_refresh_token(pair.refresh_token);
  v1::TokenUser& user = *out.mutable_user();
  user.set_id(pair.user.id.to_string());
  user.set_username(pair.user.username);
  user.set_email(pair.user.email);
  user.set_created_at(pair.user.created_at.micros);
}

void fill(v1::User& out, const User& user) {
  out.set_id(user.id.to_string());
  out.set_username(user.username);
  out.set_email(user.email);
  out.set_first_name(user.profile.first_name);
  out.set_last_name(user.profile.last_name);
  if (!user.profile.avatar.empty()) out.set_avatar(user.profile.avatar);
  for (std::string& role : names_of(user.roles)) out.add_roles(std::move(role));
  out.set_two_factor_enabled(user.two_factor.enabled);
  out.set_created_at(user.created_at.micros);
  out.set_updated_at(user.updated_at.micros);
}

void fill(v1::ApiKey& out, const ApiKey& key) {
  out.set_id(key.id.to_string());
  out.set_name(key.name);
  for (const std::string& scope : key.scopes) out.add_scopes(scope);
  if (key.expires_at) out.set_expires_at(key.expires_at->micros);
  out.set_created_at(key.created_at.micros);
}

}  // namespace ducat::identity
