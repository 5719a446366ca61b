// What happens to users, and the states it leads to. Every command is a struct in accounts.h, sign_in.h,
// sessions.h or credentials.h, with
//
//   Decision decide(const User*, …, const Command&, const Context&);
//
// Pure: time is handed in, ids and hashes are the command's, the same arguments give the same events. A
// refusal may come with events: a failed sign-in is a fact that counts, and is evidence.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "services/identity/domain/user.h"

namespace ducat::identity {

struct Origin {
  std::string ip_address, user_agent, request_id;
  std::string actor;  // the id of the user who calls; empty: nobody who is known
};

struct SignedUp {
  std::string username, email;
  bool email_verified = false;
  Profile profile;
  std::string password_hash;
  RoleSet roles;
  std::string external_identity;
};
struct ProfileChanged {
  Profile before, after;
};
struct SignInFailed {
  std::string reason;
};
struct SessionStarted {
  Uuid session;
  Timestamp expires_at;
  std::string method;
  std::optional<int64_t> totp_step;
  std::string recovery_hash;
  std::string password_hash;  // made anew; empty: it stays
};
struct SessionRefreshed {
  Uuid session;
  uint64_t sequence = 0;
  Timestamp expires_at;
};
struct SessionEnded {
  Uuid session;
  std::string reason;
};
struct AllSessionsEnded {
  int64_t generation = 0;
  std::optional<Uuid> kept;
  std::string reason;
};
struct PasswordChanged {
  std::string password_hash;
};
struct TwoFactorEnrolled {
  std::string secret;
  std::vector<std::string> recovery_hashes;
};
struct TwoFactorEnabled {
  int64_t step = 0;
};
struct TwoFactorDisabled {};
struct ApiKeyCreated {
  ApiKey key;
};
struct ApiKeyRevoked {
  Uuid id;
};
struct RolesChanged {
  RoleSet before, after;
};
struct IdentityLinked {
  std::string external_identity;
  bool credentials_dropped = false;
};
struct AttemptRefused {
  std::string action, entity_type, entity_id, reason;
};

using Body =
    std::variant<SignedUp, ProfileChanged, SignInFailed, SessionStarted, SessionRefreshed, SessionEnded,
                 AllSessionsEnded, PasswordChanged, TwoFactorEnrolled, TwoFactorEnabled, TwoFactorDisabled,
                 ApiKeyCreated, ApiKeyRevoked, RolesChanged, IdentityLinked, AttemptRefused>;

struct Event {
  uint64_t user_no = 0;  // 0: no user's
  Uuid user_id;          // all zero: not known
  Timestamp at;
  Origin origin;
  Body body;
};

// The user after the event; SignedUp makes a new one of an empty one.
void evolve(User& user, const Event& event);
// The session after an event that is about it (SessionStarted, SessionRefreshed, SessionEnded).
void evolve(Session& session, const User& user, const Event& event);
// The session an event is about, if it is about one.
std::optional<Uuid> session_of(const Event& event);

// Why a command was refused. The texts are the API's.
enum class RefusalKind : uint8_t {
  kInvalidCredentials,
  kTooEarly,
  kLocked,
  kTwoFactorRequired,
  kInvalidCode,
  kInvalidRefreshToken,
  kUsernameTaken,
  kEmailTaken,
  kForbidden,
  kUserNotFound,
  kKeyNotFound,
  kTooManyKeys,
  kScopeNotGranted,
  kTwoFactorOn,
  kTwoFactorOff,
  kStale,  // the account has changed since it was looked at: try again
};
inline constexpr RefusalKind kLastRefusalKind = RefusalKind::kStale;

struct Refusal {
  RefusalKind kind;
  Duration wait;  // kTooEarly, kLocked
};

struct Decision {
  std::vector<Body> events;
  std::optional<Refusal> refusal;
};

inline Decision accept(std::vector<Body> events) {
  return {std::move(events), std::nullopt};
}
inline Decision refuse(RefusalKind kind, std::vector<Body> events = {}) {
  return {std::move(events), Refusal{kind, {}}};
}

// What comes from outside into a judgement.
struct Context {
  Timestamp now;
};

// The refusal of an attempt that comes too early; nothing if it may be looked at.
std::optional<Decision> held_back(const Attempts& attempts, Timestamp now);

}  // namespace ducat::identity
