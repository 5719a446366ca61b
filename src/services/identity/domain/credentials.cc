// See credentials.h.
#include "services/identity/domain/credentials.h"

#include <algorithm>

namespace ducat::identity {

Decision decide(const User* user, const ChangePassword& command, const Context& context) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  if (auto held = held_back(user->attempts, context.now)) return std::move(*held);
  if (command.checked_hash != user->password_hash) return refuse(RefusalKind::kStale);
  if (!command.old_matches)
    return refuse(RefusalKind::kInvalidCredentials, {SignInFailed{"wrong old password"}});
  return accept({PasswordChanged{command.new_hash},
                 AllSessionsEnded{user->generation + 1, command.session, "password_changed"}});
}

Decision decide(const User* user, const EnrollTwoFactor& command, const Context&) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  if (user->two_factor.enabled) return refuse(RefusalKind::kTwoFactorOn);
  return accept({TwoFactorEnrolled{command.secret, command.recovery_hashes}});
}

Decision decide(const User* user, const VerifyTwoFactor& command, const Context& context) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  if (user->two_factor.enabled) return refuse(RefusalKind::kTwoFactorOn);
  if (user->two_factor.secret.empty()) return refuse(RefusalKind::kTwoFactorOff);
  if (auto held = held_back(user->attempts, context.now)) return std::move(*held);
  // That the authenticator works is what is to be proven: a recovery code does not count.
  GivenCode code = command.code;
  code.recovery_hash.clear();
  if (auto wrong = judge_code(*user, code)) return std::move(*wrong);
  return accept({TwoFactorEnabled{*code.totp_step}});
}

Decision decide(const User* user, const DisableTwoFactor& command, const Context& context) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  if (!user->two_factor.enabled) return refuse(RefusalKind::kTwoFactorOff);
  if (auto held = held_back(user->attempts, context.now)) return std::move(*held);
  if (auto wrong = judge_code(*user, command.code)) return std::move(*wrong);
  return accept({TwoFactorDisabled{}});
}

Decision decide(const User* user, const CreateApiKey& command, const Context& context) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  auto expired = std::count_if(user->api_keys.begin(), user->api_keys.end(), [&](const ApiKey& key) {
    return key.expires_at && *key.expires_at <= context.now;
  });
  if (user->api_keys.size() - static_cast<size_t>(expired) >= kMaxApiKeys)
    return refuse(RefusalKind::kTooManyKeys);
  for (const std::string& scope : command.key.scopes) {
    if (!grants(user->roles, scope)) return refuse(RefusalKind::kScopeNotGranted);
  }
  // Keys that have expired make room.
  std::vector<Body> events;
  if (user->api_keys.size() >= kMaxApiKeys) {
    for (const ApiKey& key : user->api_keys) {
      if (key.expires_at && *key.expires_at <= context.now) events.emplace_back(ApiKeyRevoked{key.id});
    }
  }
  ApiKey key = command.key;
  key.created_at = context.now;
  events.emplace_back(ApiKeyCreated{std::move(key)});
  return accept(std::move(events));
}

Decision decide(const User* user, const RevokeApiKey& command, const Context&) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  bool there = std::any_of(user->api_keys.begin(), user->api_keys.end(),
                           [&](const ApiKey& key) { return key.id == command.id; });
  if (!there) return refuse(RefusalKind::kKeyNotFound);
  return accept({ApiKeyRevoked{command.id}});
}

}  // namespace ducat::identity
