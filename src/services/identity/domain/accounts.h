// Commands that make users and change what they are.
#pragma once

#include "services/identity/domain/events.h"

namespace ducat::identity {

// A session that begins with the command's success.
struct NewSession {
  Uuid id;
  Timestamp expires_at;
};

struct SignUp {
  Uuid user_id;          // the new user's
  std::string username;  // as the user wants it, or made of the address
  bool derived = false;  // made: `fallback` does as well
  std::string fallback;
  std::string email;
  bool email_verified = false;
  Profile profile;
  std::string password_hash;
  RoleSet roles;
  std::string external_identity;
  std::optional<NewSession> session;
  std::string method = "signup";
};

// Which names belong to somebody already.
struct Taken {
  bool username = false, fallback = false, email = false;
};

Decision decide(const Taken& taken, const SignUp& command, const Context& context);

// Somebody an external provider vouches for: signs in the user who is linked to him, links the one with his
// address, or makes a new one.
struct SignInExternally {
  SignUp account;  // email, email_verified, external_identity and session count for existing users, too
};

// `linked` has the external identity, `owner` the address; null: nobody. An address that the provider has not
// verified links nothing. One that we have not verified was anybody's: who is linked by it loses what was set
// up before (password, keys, sessions), or whoever registered the address first would share the account.
struct ExternalDecision {
  Decision decision;
  const User* user = nullptr;  // whom the events are about; null: a new one
};
ExternalDecision decide(const User* linked, const User* owner, const Taken& taken,
                        const SignInExternally& command, const Context& context);

// Absent: stays. Only the user himself may.
struct ChangeProfile {
  std::string caller_id, target_id;
  std::optional<std::string> first_name, last_name, avatar;
};
Decision decide(const User* user, const ChangeProfile& command, const Context& context);

struct SetRoles {
  RoleSet roles;
};
Decision decide(const User* user, const SetRoles& command, const Context& context);

}  // namespace ducat::identity
