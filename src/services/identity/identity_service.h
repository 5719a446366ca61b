// The identity service: carries out what the API asks. What needs cryptography (passwords, codes, tokens) is
// done here, before and after the engine's decision; what follows from it the domain decides. Holds no rule.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "kernel/engine/engine.h"
#include "platform/runtime/task.h"
#include "platform/security/jwt.h"
#include "platform/security/password_hasher.h"
#include "services/identity/identity_command.h"

namespace ducat::identity {

struct IdentityServiceOptions {
  Duration access_ttl = Duration::seconds(24 * 3600);
  Duration refresh_ttl = Duration::seconds(7 * 24 * 3600);
  std::string issuer_name = "Ducat";  // in authenticator apps
};

// Why there is no answer: the rules said no, or it could not be done.
struct Failure {
  std::optional<Refusal> refusal;
  Error error;  // without a refusal
};
template <typename T>
using Outcome = std::expected<T, Failure>;

struct TokenPair {
  std::string access_token, refresh_token;
  Duration expires_in;
  User user;
};

struct NewAccount {
  std::string username;  // empty: made of the address
  std::string email;
  bool email_verified = false;
  Profile profile;
  std::string password;  // empty: none
  RoleSet roles = Role::kUser;
};

struct Credentials {
  std::string name;  // username or address
  std::string password;
  std::string code;  // of the second factor; empty: not given
};

struct Enrolment {
  std::string secret, uri, qr_svg;
  std::vector<std::string> recovery_codes;
};

struct MadeKey {
  std::string key;  // shown once
  ApiKey stored;
};

struct ProfileChange {
  std::optional<std::string> first_name, last_name, avatar;
};

// Somebody an external provider vouches for.
struct ExternalPerson {
  std::string identity;  // "<issuer> <subject>"
  std::string email;
  bool email_verified = false;
  Profile profile;
};

struct IdentityPorts {
  kernel::Engine& engine;
  security::PasswordHasher& hasher;
  const security::TokenSigner& tokens;
  AccessRegistry& registry;
  Clock& clock;
  Random& random;
};

// Thread-safe. Tasks must have ended before it is destroyed; they resume on `home`.
class IdentityService {
 public:
  IdentityService(IdentityPorts ports, IdentityServiceOptions options)
      : ports_(ports), options_(std::move(options)) {}

  Task<Outcome<TokenPair>> sign_up(NewAccount account, Origin origin, Executor& home);
  // For accounts that are there from the beginning: no session; nothing happens if it is there already.
  Task<Outcome<bool>> ensure(NewAccount account, Executor& home);
  Task<Outcome<TokenPair>> sign_in(Credentials credentials, Origin origin, Executor& home);
  Task<Outcome<TokenPair>> sign_in_externally(ExternalPerson person, Origin origin, Executor& home);
  Task<Outcome<TokenPair>> refresh(std::string refresh_token, Origin origin, Executor& home);
  // The refresh token's session, or this one; the token must be the caller's.
  Task<Outcome<bool>> sign_out(std::string refresh_token, std::string session, Origin origin, Executor& home);
  Task<Outcome<bool>> sign_out_everywhere(Origin origin, Executor& home);

  // The user with this id; none if there is no such user.
  Task<Outcome<std::optional<User>>> find(std::string name, Executor& home);
  Task<Outcome<User>> change_profile(std::string user_id, ProfileChange change, Origin origin,
                                     Executor& home);
  Task<Outcome<User>> set_roles(std::string user_id, RoleSet roles, Origin origin, Executor& home);
  Task<Outcome<bool>> change_password(std::string old_password, std::string new_password, std::string session,
                                      Origin origin, Executor& home);

  Task<Outcome<Enrolment>> enroll_two_factor(Origin origin, Executor& home);
  Task<Outcome<bool>> verify_two_factor(std::string code, Origin origin, Executor& home);
  Task<Outcome<bool>> disable_two_factor(std::string code, Origin origin, Executor& home);

  Task<Outcome<MadeKey>> create_key(std::string name, std::vector<std::string> scopes,
                                    std::optional<Timestamp> expires_at, Origin origin, Executor& home);
  Task<Outcome<bool>> revoke_key(Uuid id, Origin origin, Executor& home);

 private:
  // Runs the operation, and makes known what it means for access before anybody is told.
  Task<Outcome<bool>> run(IdentitySubmission& submission);
  Task<Outcome<TokenPair>> try_sign_in(const Credentials& credentials, Origin origin, Executor& home);
  Task<Outcome<User>> change(std::string user_id, Command command, Origin origin, Executor& home);
  Task<Outcome<bool>> try_change_password(const std::string& old_password, const std::string& new_password,
                                          const std::string& session, const Origin& origin, Executor& home);
  template <typename C>
  Task<Outcome<bool>> use_code(std::string code, Origin origin, Executor& home);

  SignUp sign_up_of(NewAccount account, std::string hash);
  NewSession new_session();
  GivenCode checked(const User& user, const std::string& code) const;
  Outcome<TokenPair> tokens_of(const IdentityOperation& operation) const;

  IdentityPorts ports_;
  const IdentityServiceOptions options_;
};

}  // namespace ducat::identity
