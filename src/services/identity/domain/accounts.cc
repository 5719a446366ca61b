// See accounts.h.
#include "services/identity/domain/accounts.h"

namespace ducat::identity {
namespace {

Decision taken_by_another(RefusalKind kind, const SignUp& command, std::string reason) {
  return refuse(kind, {AttemptRefused{"CREATE", "User", command.email, std::move(reason)}});
}

SessionStarted started(const SignUp& command, std::string method) {
  return {command.session->id, command.session->expires_at, std::move(method), std::nullopt, {}, {}};
}

}  // namespace

Decision decide(const Taken& taken, const SignUp& command, const Context&) {
  if (taken.email) return taken_by_another(RefusalKind::kEmailTaken, command, "email taken");
  bool falls_back = taken.username && command.derived;
  if (taken.username && (!falls_back || taken.fallback)) {
    return taken_by_another(RefusalKind::kUsernameTaken, command, "username taken");
  }
  SignedUp made{falls_back ? command.fallback : command.username,
                command.email,
                command.email_verified,
                command.profile,
                command.password_hash,
                command.roles,
                command.external_identity};
  std::vector<Body> events{std::move(made)};
  if (command.session) events.emplace_back(started(command, command.method));
  return accept(std::move(events));
}

ExternalDecision decide(const User* linked, const User* owner, const Taken& taken,
                        const SignInExternally& command, const Context& context) {
  const SignUp& account = command.account;
  if (linked != nullptr) return {accept({started(account, account.method)}), linked};
  if (owner == nullptr) return {decide(taken, account, context), nullptr};
  if (!account.email_verified) {
    return {taken_by_another(RefusalKind::kEmailTaken, account, "the provider has not verified the address"),
            nullptr};
  }
  bool drop = !owner->email_verified;
  std::vector<Body> events{IdentityLinked{account.external_identity, drop}};
  if (drop) {
    for (const ApiKey& key : owner->api_keys) events.emplace_back(ApiKeyRevoked{key.id});
    events.emplace_back(AllSessionsEnded{owner->generation + 1, std::nullopt, "linked"});
  }
  events.emplace_back(started(account, account.method));
  return {accept(std::move(events)), owner};
}

Decision decide(const User* user, const ChangeProfile& command, const Context&) {
  if (command.caller_id != command.target_id) {
    return refuse(RefusalKind::kForbidden,
                  {AttemptRefused{"UPDATE", "User", command.target_id, "another user"}});
  }
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  Profile after = user->profile;
  if (command.first_name) after.first_name = *command.first_name;
  if (command.last_name) after.last_name = *command.last_name;
  if (command.avatar) after.avatar = *command.avatar;
  if (after == user->profile) return accept({});
  return accept({ProfileChanged{user->profile, std::move(after)}});
}

Decision decide(const User* user, const SetRoles& command, const Context&) {
  if (user == nullptr) return refuse(RefusalKind::kUserNotFound);
  if (user->roles == command.roles) return accept({});
  // Tokens carry roles: those that are out end with the sessions.
  return accept({RolesChanged{user->roles, command.roles},
                 AllSessionsEnded{user->generation + 1, std::nullopt, "roles_changed"}});
}

}  // namespace ducat::identity
