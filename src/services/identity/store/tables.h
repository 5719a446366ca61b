// The identity service's tables: what is written behind the journal, and what is read where memory has it
// not.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernel/projection/changes.h"
#include "services/identity/domain/events.h"

namespace ducat::identity {

// What a user is found by, as identity_names has it.
std::string name_of_username(std::string_view username);
std::string name_of_email(std::string_view email);
std::string name_of_id(std::string_view id);
std::string name_of_external(std::string_view identity);
std::vector<std::string> names_of(const User& user);

// The rows that one batch has changed, each as the batch left it.
struct IdentityChanges final : kernel::Changes {
  struct KeyRow {
    ApiKey key;
    uint64_t user_no = 0;
    bool active = true;
  };
  std::vector<User> users;
  std::vector<Session> sessions;
  std::vector<KeyRow> keys;
  Timestamp at;  // of the newest event
};

Status migrate_identity_tables(storage::Connection& connection);

// In the connection's transaction. Also removes a few sessions that expired longer ago than `keep_sessions`.
Status write_identity_changes(storage::Connection& connection,
                              std::span<const kernel::Changes* const> changes, Duration keep_sessions);
// Empties all of them, in the connection's transaction.
Status clear_identity_tables(storage::Connection& connection);

Result<std::optional<User>> find_user(storage::Connection& connection, std::string_view name);
Result<std::optional<User>> find_user(storage::Connection& connection, uint64_t no);
Result<std::optional<Session>> find_session(storage::Connection& connection, const Uuid& id);
Result<uint64_t> last_user_no(storage::Connection& connection);

// What the list of ended sessions and the keys in memory are made of at a start.
using OnUser = std::function<void(const User&)>;
using OnSession = std::function<void(const Session&)>;
using OnKey = std::function<void(const User&, const ApiKey&)>;
Status for_each_ended_user(storage::Connection& connection, Timestamp since, const OnUser& on_user);
Status for_each_ended_session(storage::Connection& connection, Timestamp since, const OnSession& on_session);
Status for_each_key(storage::Connection& connection, const OnKey& on_key);

// Every row as it stands, for the verifier.
struct UserRow {
  uint64_t no = 0;
  std::string_view id, username, email;
  Timestamp generation_at;
  Result<User> user;
};
using OnUserRow = std::function<void(const UserRow&)>;
using OnName = std::function<void(std::string_view name, uint64_t no)>;
using OnKeyRow = std::function<void(std::string_view hash, const Result<IdentityChanges::KeyRow>& row)>;
Status for_each_user(storage::Connection& connection, const OnUserRow& on_user);
Status for_each_name(storage::Connection& connection, const OnName& on_name);
Status for_each_session(storage::Connection& connection, const OnSession& on_session);
Status for_each_key_row(storage::Connection& connection, const OnKeyRow& on_key);

}  // namespace ducat::identity
