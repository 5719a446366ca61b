// Signing in with a password, and the sessions that follow.
#pragma once

#include "services/identity/domain/accounts.h"

namespace ducat::identity {

// A second factor as it was given: what it matches is found outside, whether that counts is decided here.
struct GivenCode {
  bool given = false;
  std::string checked_secret;        // the code was held against this one
  std::optional<int64_t> totp_step;  // the step whose code it is
  std::string recovery_hash;         // its hash, should it be a recovery code
};

struct SignIn {
  std::string checked_hash;  // the password was held against this one
  bool password_matches = false;
  std::string new_hash;  // the password hashed anew; empty: not needed
  GivenCode code;
  NewSession session;
};

// A null user: the name is nobody's.
Decision decide(const User* user, const SignIn& command, const Context& context);

// The second factor's judgement alone: nothing if it is good.
std::optional<Decision> judge_code(const User& user, const GivenCode& code);

struct Refresh {
  uint64_t sequence = 0;  // of the token that was given
  Timestamp expires_at;   // of the next one
};
// A token that was used before ends the family: one of its two holders has stolen it.
Decision decide(const User* user, const Session* session, const Refresh& command, const Context& context);

struct SignOut {};
Decision decide(const User* user, const Session* session, const SignOut& command, const Context& context);

struct SignOutEverywhere {};
Decision decide(const User* user, const SignOutEverywhere& command, const Context& context);

}  // namespace ducat::identity
