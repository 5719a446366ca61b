// A user and the sessions of one: what the events make (events.h) and the commands judge. Secrets are opaque
// here: how a password or a code is checked is the service's business, what follows from it is the domain's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "services/identity/domain/attempts.h"
#include "services/identity/domain/roles.h"

namespace ducat::identity {

constexpr size_t kMaxApiKeys = 50;  // of one user, at one time
constexpr size_t kRecoveryCodes = 10;

struct Profile {
  std::string first_name, last_name, avatar;
  bool operator==(const Profile&) const = default;
};

// Stands for its user within `scopes`, which are permissions; none: all that the user may.
struct ApiKey {
  Uuid id;
  std::string hash;  // SHA-256 in hexadecimal
  std::string name;
  std::vector<std::string> scopes;
  Timestamp created_at;
  std::optional<Timestamp> expires_at;
};

struct TwoFactor {
  std::string secret;                        // empty: never enrolled
  bool enabled = false;                      // false with a secret: enrolled and not yet proven
  int64_t last_step = 0;                     // codes of this step and of earlier ones are used up
  std::vector<std::string> recovery_hashes;  // of those that are left
};

struct User {
  uint64_t no = 0;  // in the journal and the tables
  Uuid id;
  std::string username, email;
  bool email_verified = false;
  Profile profile;
  RoleSet roles;
  std::string password_hash;  // empty: no sign-in by password
  Timestamp created_at, updated_at;

  // Sessions and tokens of earlier generations are void, but for the session that was kept.
  int64_t generation = 0;
  Timestamp generation_at;
  std::optional<Uuid> kept_session;

  Attempts attempts;
  TwoFactor two_factor;
  std::vector<std::string> external_identities;  // "<issuer> <subject>"
  std::vector<ApiKey> api_keys;
};

// A family of refresh tokens: each refresh gives the next sequence number, and only the newest is good.
struct Session {
  Uuid id;
  uint64_t user_no = 0;
  int64_t generation = 0;
  uint64_t sequence = 0;
  Timestamp started_at, expires_at;
  std::optional<Timestamp> ended_at;
  bool operator==(const Session&) const = default;
};

bool is_live(const Session& session, const User& user, Timestamp now);

// How names are compared: ASCII letters without case.
std::string folded(std::string_view name);
// What a name must be: 3 to 50 letters, digits, dots, dashes and underscores; no "@", so that it is never an
// address.
bool is_username(std::string_view name);
// A username made of an address's local part, for who gave none.
std::string username_from(std::string_view email);

}  // namespace ducat::identity
