// Bulk writes and reads; the SQL is one for both engines.
#include "services/identity/store/tables.h"

#include <algorithm>
#include <map>

#include "generated/identity_migrations.h"
#include "services/identity/store/codec.h"

namespace ducat::identity {
namespace {

using storage::BulkTable;
using storage::Column;
using storage::ColumnBatch;
using storage::ColumnType;
using storage::OnConflict;
using storage::Row;

constexpr auto kInt = ColumnType::kInt64;
constexpr auto kText = ColumnType::kText;
constexpr auto kBlob = ColumnType::kBlob;

constexpr Column kUserColumns[] = {{"no", kInt},     {"id", kText},           {"username", kText},
                                   {"email", kText}, {"generation_at", kInt}, {"body", kBlob}};
constexpr BulkTable kUsers{"identity_users", kUserColumns, 1, OnConflict::kReplace};

constexpr Column kNameColumns[] = {{"name", kText}, {"no", kInt}};
constexpr BulkTable kNames{"identity_names", kNameColumns, 1, OnConflict::kReplace};

constexpr Column kSessionColumns[] = {{"id", kText},      {"user_no", kInt},    {"generation", kInt},
                                      {"sequence", kInt}, {"started_at", kInt}, {"expires_at", kInt},
                                      {"ended_at", kInt}};
constexpr BulkTable kSessions{"identity_sessions", kSessionColumns, 1, OnConflict::kReplace};

constexpr Column kKeyColumns[] = {{"hash", kText}, {"user_no", kInt}, {"active", kInt}, {"body", kBlob}};
constexpr BulkTable kKeys{"identity_api_keys", kKeyColumns, 1, OnConflict::kReplace};

constexpr std::string_view kAllTables[] = {"identity_users", "identity_names", "identity_sessions",
                                           "identity_api_keys"};

constexpr std::string_view kUserByName =
    "SELECT u.body FROM identity_names n JOIN identity_users u ON u.no = n.no WHERE n.name = $1";
constexpr std::string_view kUserByNo = "SELECT body FROM identity_users WHERE no = $1";
constexpr std::string_view kLastUser = "SELECT COALESCE(MAX(no), 0) FROM identity_users";
#define DUCAT_SESSION_COLUMNS "id, user_no, generation, sequence, started_at, expires_at, ended_at"
constexpr std::string_view kSessionById =
    "SELECT " DUCAT_SESSION_COLUMNS " FROM identity_sessions WHERE id = $1";
constexpr std::string_view kEndedUsers =
    "SELECT body FROM identity_users WHERE generation_at > 0 AND generation_at >= $1 ORDER BY generation_at";
constexpr std::string_view kEndedSessions =
    "SELECT " DUCAT_SESSION_COLUMNS
    " FROM identity_sessions WHERE ended_at IS NOT NULL AND ended_at >= $1 "
    "ORDER BY ended_at";
constexpr std::string_view kAllSessions =
    "SELECT " DUCAT_SESSION_COLUMNS " FROM identity_sessions ORDER BY id";
constexpr std::string_view kAllUsers =
    "SELECT no, id, username, email, generation_at, body FROM identity_users ORDER BY no";
constexpr std::string_view kAllKeys =
    "SELECT hash, user_no, active, body FROM identity_api_keys ORDER BY hash";
constexpr std::string_view kActiveKeys =
    "SELECT k.body, u.body FROM identity_api_keys k JOIN identity_users u ON u.no = k.user_no WHERE k.active "
    "= 1";
// A few at a time, so that no commit takes long.
constexpr std::string_view kPrune =
    "DELETE FROM identity_sessions WHERE id IN (SELECT id FROM identity_sessions WHERE expires_at < $1 "
    "ORDER BY expires_at LIMIT 200)";

const IdentityChanges& batch_of(const kernel::Changes* changes) {
  return *static_cast<const IdentityChanges*>(changes);
}

// The last version of each row, by its key.
template <typename RowType, typename KeyOf>
auto newest(std::span<const kernel::Changes* const> batches, std::vector<RowType> IdentityChanges::*rows,
            KeyOf key) {
  std::map<decltype(key(std::declval<const RowType&>())), const RowType*> last;
  for (const kernel::Changes* changes : batches) {
    for (const RowType& row : batch_of(changes).*rows) last[key(row)] = &row;
  }
  return last;
}

Status write_users(storage::Connection& connection, std::span<const kernel::Changes* const> batches) {
  auto users = newest(batches, &IdentityChanges::users, [](const User& user) { return user.no; });
  std::map<std::string, uint64_t> names;
  std::vector<std::string> texts;  // stay put until the write is done
  texts.reserve(2 * users.size());
  ColumnBatch rows(kUserColumns);
  for (const auto& [no, user] : users) {
    rows.add(static_cast<int64_t>(no));
    rows.add(std::string_view(texts.emplace_back(user->id.to_string())));
    rows.add(std::string_view(user->username));
    rows.add(std::string_view(user->email));
    rows.add(user->generation_at.micros);
    rows.add(std::string_view(texts.emplace_back(encode(*user))));
    for (std::string& name : names_of(*user)) names[std::move(name)] = no;
  }
  DUCAT_TRY(connection.write(kUsers, rows));
  ColumnBatch name_rows(kNameColumns);
  for (const auto& [name, no] : names) {
    name_rows.add(std::string_view(name));
    name_rows.add(static_cast<int64_t>(no));
  }
  return connection.write(kNames, name_rows);
}

Status write_sessions(storage::Connection& connection, std::span<const kernel::Changes* const> batches) {
  auto sessions = newest(batches, &IdentityChanges::sessions,
                         [](const Session& session) { return session.id.to_string(); });
  ColumnBatch rows(kSessionColumns);
  for (const auto& [id, session] : sessions) {
    rows.add(std::string_view(id));
    rows.add(static_cast<int64_t>(session->user_no));
    rows.add(session->generation);
    rows.add(static_cast<int64_t>(session->sequence));
    rows.add(session->started_at.micros);
    rows.add(session->expires_at.micros);
    session->ended_at ? rows.add(session->ended_at->micros) : rows.add_null();
  }
  return connection.write(kSessions, rows);
}

Status write_keys(storage::Connection& connection, std::span<const kernel::Changes* const> batches) {
  auto keys = newest(batches, &IdentityChanges::keys,
                     [](const IdentityChanges::KeyRow& row) { return row.key.hash; });
  std::vector<std::string> bodies;
  bodies.reserve(keys.size());
  ColumnBatch rows(kKeyColumns);
  for (const auto& [hash, row] : keys) {
    rows.add(std::string_view(hash));
    rows.add(static_cast<int64_t>(row->user_no));
    rows.add(int64_t{row->active});
    rows.add(std::string_view(bodies.emplace_back(encode(row->key))));
  }
  return connection.write(kKeys, rows);
}

Result<Session> session_from(const Row& row) {
  Session session;
  auto id = Uuid::parse(row.text(0));
  if (!id) return fail(Errc::kCorrupt, "a session's id is no UUID");
  session.id = *id;
  session.user_no = static_cast<uint64_t>(row.int64(1));
  session.generation = row.int64(2);
  session.sequence = static_cast<uint64_t>(row.int64(3));
  session.started_at = {row.int64(4)};
  session.expires_at = {row.int64(5)};
  if (!row.is_null(6)) session.ended_at = Timestamp{row.int64(6)};
  return session;
}

Status each_session(storage::Connection& connection, std::string_view sql,
                    std::initializer_list<storage::Value> params, const OnSession& on_session) {
  Status good;
  DUCAT_TRY(connection.query(sql, params, [&](const Row& row) {
    Result<Session> session = session_from(row);
    if (session) return on_session(*session);
    good = propagate(session);
  }));
  return good;
}

Result<std::optional<User>> one_user(storage::Connection& connection, std::string_view sql,
                                     storage::Value key) {
  Result<std::optional<User>> found;
  DUCAT_TRY(connection.query(sql, {key}, [&](const Row& row) {
    Result<User> user = decode_user(row.blob(0));
    if (user) {
      found = std::optional(std::move(*user));
    } else {
      found = propagate(user);
    }
  }));
  return found;
}

}  // namespace

std::string name_of_username(std::string_view username) {
  return "u:" + folded(username);
}
std::string name_of_email(std::string_view email) {
  return "e:" + folded(email);
}
std::string name_of_id(std::string_view id) {
  return "i:" + std::string(id);
}
std::string name_of_external(std::string_view identity) {
  return "x:" + std::string(identity);
}

std::vector<std::string> names_of(const User& user) {
  std::vector<std::string> names = {name_of_username(user.username), name_of_email(user.email),
                                    name_of_id(user.id.to_string())};
  for (const std::string& identity : user.external_identities) names.push_back(name_of_external(identity));
  return names;
}

Status migrate_identity_tables(storage::Connection& connection) {
  return storage::migrate(connection, "identity", storage::identity_migrations());
}

Status write_identity_changes(storage::Connection& connection,
                              std::span<const kernel::Changes* const> changes, Duration keep_sessions) {
  DUCAT_TRY(write_users(connection, changes));
  DUCAT_TRY(write_sessions(connection, changes));
  DUCAT_TRY(write_keys(connection, changes));
  if (changes.empty()) return {};
  Timestamp before = batch_of(changes.back()).at - keep_sessions;
  DUCAT_TRY(connection.execute(kPrune, {before.micros}));
  return {};
}

Status clear_identity_tables(storage::Connection& connection) {
  for (std::string_view table : kAllTables) {
    DUCAT_TRY(connection.execute("DELETE FROM " + std::string(table)));
  }
  return {};
}

Result<std::optional<User>> find_user(storage::Connection& connection, std::string_view name) {
  return one_user(connection, kUserByName, name);
}

Result<std::optional<User>> find_user(storage::Connection& connection, uint64_t no) {
  return one_user(connection, kUserByNo, static_cast<int64_t>(no));
}

Result<std::optional<Session>> find_session(storage::Connection& connection, const Uuid& id) {
  Result<std::optional<Session>> found;
  const std::string text = id.to_string();
  DUCAT_TRY(connection.query(kSessionById, {std::string_view(text)}, [&](const Row& row) {
    Result<Session> session = session_from(row);
    if (session) {
      found = std::optional(*session);
    } else {
      found = propagate(session);
    }
  }));
  return found;
}

Result<uint64_t> last_user_no(storage::Connection& connection) {
  uint64_t last = 0;
  DUCAT_TRY(
      connection.query(kLastUser, {}, [&](const Row& row) { last = static_cast<uint64_t>(row.int64(0)); }));
  return last;
}

Status for_each_ended_user(storage::Connection& connection, Timestamp since, const OnUser& on_user) {
  Status good;
  DUCAT_TRY(connection.query(kEndedUsers, {since.micros}, [&](const Row& row) {
    Result<User> user = decode_user(row.blob(0));
    if (user) return on_user(*user);
    good = propagate(user);
  }));
  return good;
}

Status for_each_ended_session(storage::Connection& connection, Timestamp since, const OnSession& on_session) {
  return each_session(connection, kEndedSessions, {since.micros}, on_session);
}

Status for_each_key(storage::Connection& connection, const OnKey& on_key) {
  Status good;
  DUCAT_TRY(connection.query(kActiveKeys, {}, [&](const Row& row) {
    Result<ApiKey> key = decode_key(row.blob(0));
    Result<User> user = decode_user(row.blob(1));
    if (!key) {
      good = propagate(key);
    } else if (!user) {
      good = propagate(user);
    } else {
      on_key(*user, *key);
    }
  }));
  return good;
}

Status for_each_user(storage::Connection& connection, const OnUserRow& on_user) {
  return connection.query(kAllUsers, {}, [&](const Row& row) {
    on_user({static_cast<uint64_t>(row.int64(0)),
             row.text(1),
             row.text(2),
             row.text(3),
             {row.int64(4)},
             decode_user(row.blob(5))});
  });
}

Status for_each_name(storage::Connection& connection, const OnName& on_name) {
  return connection.query("SELECT name, no FROM identity_names ORDER BY name", {},
                          [&](const Row& row) { on_name(row.text(0), static_cast<uint64_t>(row.int64(1))); });
}

Status for_each_session(storage::Connection& connection, const OnSession& on_session) {
  return each_session(connection, kAllSessions, {}, on_session);
}

Status for_each_key_row(storage::Connection& connection, const OnKeyRow& on_key) {
  return connection.query(kAllKeys, {}, [&](const Row& row) {
    Result<IdentityChanges::KeyRow> stored;
    if (Result<ApiKey> key = decode_key(row.blob(3)); key) {
      stored =
          IdentityChanges::KeyRow{std::move(*key), static_cast<uint64_t>(row.int64(1)), row.int64(2) != 0};
    } else {
      stored = propagate(key);
    }
    on_key(row.text(0), stored);
  });
}

}  // namespace ducat::identity
