// The model's memory and tables: loading, eviction, taking changes out, recovery.
#include "base/check.h"
#include "services/identity/identity_model.h"
#include "services/identity/store/codec.h"

namespace ducat::identity {

Status IdentityModel::open(storage::Database& tables) {
  DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
  DUCAT_TRY(migrate_identity_tables(*writer));
  DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kReader));
  return {};
}

Status IdentityModel::forget() {
  users_.clear();
  names_.clear();
  sessions_.clear();
  touched_users_.clear();
  touched_sessions_.clear();
  unknown_.clear();
  changes_.reset();
  DUCAT_ASSIGN(uint64_t last, last_user_no(*connection_));
  next_user_no_ = last + 1;
  // What ended so long ago that its tokens have expired is forgotten again by the registry.
  using Kind = AccessChange::Kind;
  DUCAT_TRY(for_each_ended_user(*connection_, {}, [this](const User& user) {
    std::string kept = user.kept_session ? user.kept_session->to_string() : std::string();
    registry_.apply(
        {Kind::kUserEnded, user.id.to_string(), user.generation_at, user.generation, std::move(kept), {}});
  }));
  DUCAT_TRY(for_each_ended_session(*connection_, {}, [this](const Session& session) {
    registry_.apply({Kind::kSessionEnded, session.id.to_string(), *session.ended_at, 0, {}, {}});
  }));
  return for_each_key(*connection_, [this](const User& user, const ApiKey& key) {
    KeyHolder holder{user.id.to_string(), user.username, user.email, user.roles, key.scopes, key.expires_at};
    registry_.apply({Kind::kKeyAdded, key.hash, key.created_at, 0, {}, std::move(holder)});
  });
}

Status IdentityModel::replay(kernel::Position, uint64_t stream, std::string_view body, Timestamp) {
  DUCAT_ASSIGN(Event event, decode_event(body));
  if (event.user_no != stream) return fail(Errc::kCorrupt, "an event stands in another user's stream");
  if (stream == 0) return {};
  if (std::holds_alternative<SignedUp>(event.body)) {
    if (stream != next_user_no_) return fail(Errc::kCorrupt, "users are numbered without gaps");
    create();
  } else if (!users_.contains(stream)) {
    DUCAT_ASSIGN(std::optional<User> found, find_user(*connection_, stream));
    if (!found) return fail(Errc::kCorrupt, "an event belongs to no user");
    add(std::move(*found));
  }
  if (auto id = session_of(event)) DUCAT_TRY(load_session(*id));
  for (const AccessChange& change : apply(users_[stream].value, event)) registry_.apply(change);
  return {};
}

Status IdentityModel::load_name(const std::string& name) {
  if (names_.contains(name)) return {};
  DUCAT_ASSIGN(std::optional<User> found, find_user(*connection_, name));
  if (found && !users_.contains(found->no)) add(std::move(*found));
  return {};
}

Status IdentityModel::load_session(const Uuid& id) {
  if (sessions_.contains(id)) return {};
  DUCAT_ASSIGN(std::optional<Session> found, find_session(*connection_, id));
  if (found) sessions_[id].value = *found;
  return {};
}

User* IdentityModel::find(const std::string& name) {
  auto found = names_.find(name);
  if (found == names_.end()) return nullptr;
  return &users_.at(found->second).value;
}

Session* IdentityModel::find(const std::optional<Uuid>& id) {
  if (!id) return nullptr;
  auto found = sessions_.find(*id);
  return found == sessions_.end() ? nullptr : &found->second.value;
}

User& IdentityModel::add(User user) {
  for (std::string& name : ducat::identity::names_of(user)) names_[std::move(name)] = user.no;
  uint64_t no = user.no;
  return users_[no].value = std::move(user);
}

void IdentityModel::touch(User& user) {
  Cached<User>& cached = users_.at(user.no);
  if (!std::exchange(cached.touched, true)) touched_users_.push_back(user.no);
}

void IdentityModel::touch(Session& session) {
  Cached<Session>& cached = sessions_.at(session.id);
  if (!std::exchange(cached.touched, true)) touched_sessions_.push_back(session.id);
}

IdentityChanges& IdentityModel::changes() {
  if (!changes_) changes_ = std::make_unique<IdentityChanges>();
  return *changes_;
}

std::unique_ptr<kernel::Changes> IdentityModel::take_changes(kernel::RecordNumber record) {
  if (!changes_) return nullptr;
  for (uint64_t no : touched_users_) {
    Cached<User>& user = users_.at(no);
    user.touched = false;
    user.pinned_by = record;
    changes_->users.push_back(user.value);
  }
  touched_users_.clear();
  for (const Uuid& id : touched_sessions_) {
    Cached<Session>& session = sessions_.at(id);
    session.touched = false;
    session.pinned_by = record;
    changes_->sessions.push_back(session.value);
  }
  touched_sessions_.clear();
  return std::move(changes_);
}

void IdentityModel::written(kernel::RecordNumber record) {
  written_ = std::max(written_, record);
}

// Before a batch is loaded: nothing in memory is looked at then. All that is not pinned goes at once, which
// is seldom.
void IdentityModel::evict() {
  auto current = [this](const auto& entry) {
    return !entry.second.touched && entry.second.pinned_by <= written_;
  };
  if (users_.size() > options_.users_in_memory) {
    for (auto at = users_.begin(); at != users_.end();) {
      if (!current(*at)) {
        ++at;
        continue;
      }
      for (const std::string& name : ducat::identity::names_of(at->second.value)) names_.erase(name);
      at = users_.erase(at);
    }
  }
  if (sessions_.size() > options_.sessions_in_memory) std::erase_if(sessions_, current);
}

Status IdentityModel::write(storage::Connection& connection,
                            std::span<const kernel::Changes* const> changes) {
  return write_identity_changes(connection, changes, options_.access_ttl);
}

void IdentityModel::encode_answer(const kernel::Operation&, std::string&) const {
  DUCAT_CHECK(false, "no command of the identity service has a key");
}

Status IdentityModel::decode_answer(std::string_view, kernel::Operation&) const {
  return fail(Errc::kCorrupt, "no command of the identity service has a key");
}

}  // namespace ducat::identity
