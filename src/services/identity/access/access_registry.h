// What a token or a key alone does not say: which sessions have ended though their tokens have not expired,
// and which API keys there are. Kept in memory, so that asking costs no wait.
//
// The process that runs the identity service applies each change once it is durable, before its answer goes
// out, and begins with what the tables know. Another process (a gateway) is fed: it takes `snapshot()` of
// that process and then `since(version)` again and again, and applies what it gets; until it has a snapshot
// it must refuse to be ready.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "platform/security/jwt.h"
#include "services/identity/domain/events.h"

namespace ducat::identity {

// Whom an API key stands for, and within what.
struct KeyHolder {
  std::string user_id, username, email;
  RoleSet roles;
  std::vector<std::string> scopes;  // none: all that the roles grant
  std::optional<Timestamp> expires_at;
};

// One change, in a form that can be sent and applied twice.
struct AccessChange {
  enum class Kind : uint8_t {
    kSessionEnded,  // subject: the session
    kUserEnded,     // subject: the user; tokens before `generation` are void, but for those of `kept`
    kKeyAdded,      // subject: the key's hash
    kKeyRemoved,    // subject: the key's hash
    kRolesChanged,  // subject: the user; `holder.roles` are his keys' roles now
  };
  Kind kind;
  std::string subject;
  Timestamp at;
  int64_t generation = 0;
  std::string kept;
  KeyHolder holder;
};

// What an event means for access; `user` is as the event left it.
std::vector<AccessChange> access_changes(const User& user, const Event& event,
                                         std::span<const ApiKey> keys_before);

struct AccessRegistryOptions {
  Duration access_ttl =
      Duration::seconds(24 * 3600);  // how long a token of an ended session could still be good
  size_t ended = 1'000'000;          // sessions and users remembered, about 150 bytes each
  size_t changes = 65'536;           // kept for `since`
};

// Thread-safe; readers do not wait for each other.
class AccessRegistry {
 public:
  explicit AccessRegistry(AccessRegistryOptions options) : options_(options) {}

  void apply(const AccessChange& change);
  // As `apply` for a whole snapshot of another process: a key that is not in it is no key any more. What has
  // ended stays ended.
  void replace(const std::vector<AccessChange>& changes);

  // Whether the token's session has ended. When more end than are remembered, tokens older than what was
  // forgotten count as ended, too: their owners refresh.
  bool has_ended(const security::Claims& claims) const;
  std::optional<KeyHolder> find_key(std::string_view hash, Timestamp now) const;

  struct Snapshot {
    uint64_t version = 0;
    std::vector<AccessChange> changes;
  };
  Snapshot snapshot() const;
  // The changes after `version`, at most `limit`; nothing if they are not kept any more: take a snapshot.
  std::optional<Snapshot> since(uint64_t version, size_t limit) const;

  // Of the newest change.
  uint64_t version() const;
  size_t ended() const;
  size_t keys() const;

 private:
  struct Ended {
    int64_t generation = 0;  // of a user
    std::string kept;
    Timestamp at;
    bool is_user = false;
  };
  void apply_locked(const AccessChange& change);
  void end(const AccessChange& change, bool is_user);
  void forget(Timestamp now);

  const AccessRegistryOptions options_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Ended, TextHash, std::equal_to<>>
      ended_;                                            // ids of users and sessions differ
  std::deque<std::pair<Timestamp, std::string>> order_;  // of ended_, as they came
  Timestamp floor_;                                      // tokens issued before are void
  std::unordered_map<std::string, KeyHolder, TextHash, std::equal_to<>> keys_;
  std::deque<AccessChange> log_;
  uint64_t version_ = 0;  // of the newest change
};

}  // namespace ducat::identity
