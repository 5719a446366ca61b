// See sign_in.h.
#include "services/identity/domain/sign_in.h"

#include <algorithm>

namespace ducat::identity {

std::optional<Decision> judge_code(const User& user, const GivenCode& code) {
  const TwoFactor& factor = user.two_factor;
  if (code.checked_secret != factor.secret) return refuse(RefusalKind::kStale);
  if (code.totp_step && *code.totp_step > factor.last_step) return std::nullopt;
  const auto& left = factor.recovery_hashes;
  bool recovered =
      !code.recovery_hash.empty() && std::find(left.begin(), left.end(), code.recovery_hash) != left.end();
  if (recovered) return std::nullopt;
  return refuse(RefusalKind::kInvalidCode, {SignInFailed{"wrong code"}});
}

Decision decide(const User* user, const SignIn& command, const Context& context) {
  if (user == nullptr) {
    return refuse(RefusalKind::kInvalidCredentials, {AttemptRefused{"LOGIN", "User", {}, "unknown user"}});
  }
  if (auto held = held_back(user->attempts, context.now)) return std::move(*held);
  if (command.checked_hash != user->password_hash) return refuse(RefusalKind::kStale);
  if (!command.password_matches) {
    return refuse(RefusalKind::kInvalidCredentials, {SignInFailed{"wrong password"}});
  }
  SessionStarted started{command.session.id, command.session.expires_at, "password", std::nullopt, {},
                         command.new_hash};
  if (user->two_factor.enabled) {
    if (!command.code.given) return refuse(RefusalKind::kTwoFactorRequired);
    if (auto wrong = judge_code(*user, command.code)) return std::move(*wrong);
    started.totp_step = command.code.totp_step;
    if (!started.totp_step) started.recovery_hash = command.code.recovery_hash;
  }
  return accept({std::move(started)});
}

Decision decide(const User* user, const Session* session, const Refresh& command, const Context& context) {
  if (user == nullptr || session == nullptr || !is_live(*session, *user, context.now)) {
    return refuse(RefusalKind::kInvalidRefreshToken);
  }
  if (command.sequence < session->sequence) {
    return refuse(RefusalKind::kInvalidRefreshToken, {SessionEnded{session->id, "reuse"}});
  }
  if (command.sequence > session->sequence) return refuse(RefusalKind::kInvalidRefreshToken);
  return accept({SessionRefreshed{session->id, session->sequence + 1, command.expires_at}});
}

Decision decide(const User* user, const Session* session, const SignOut&, const Context& context) {
  if (user == nullptr || session == nullptr || session->user_no != user->no) {
    return refuse(RefusalKind::kInvalidRefreshToken);
  }
  if (!is_live(*session, *user, context.now)) return accept({});
  return accept({SessionEnded{session->id, "logout"}});
}

Decision decide(const User* user, const SignOutEverywhere&, const Context&) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  return accept({AllSessionsEnded{user->generation + 1, std::nullopt, "logout_all"}});
}

}  // namespace ducat::identity
