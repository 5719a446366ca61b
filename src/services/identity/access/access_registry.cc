// See access_registry.h.
#include "services/identity/access/access_registry.h"

#include <algorithm>
#include <mutex>

namespace ducat::identity {
namespace {

using Kind = AccessChange::Kind;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

AccessChange key_removed(const ApiKey& key, Timestamp at) {
  return {Kind::kKeyRemoved, key.hash, at, 0, {}, {}};
}

}  // namespace

std::vector<AccessChange> access_changes(const User& user, const Event& event,
                                         std::span<const ApiKey> keys_before) {
  std::vector<AccessChange> changes;
  std::visit(
      Overloaded{
          [&](const SessionEnded& e) {
            changes.push_back({Kind::kSessionEnded, e.session.to_string(), event.at, 0, {}, {}});
          },
          [&](const AllSessionsEnded& e) {
            std::string kept = e.kept ? e.kept->to_string() : std::string();
            changes.push_back(
                {Kind::kUserEnded, user.id.to_string(), event.at, e.generation, std::move(kept), {}});
          },
          [&](const ApiKeyCreated& e) {
            KeyHolder holder{user.id.to_string(), user.username, user.email,
                             user.roles,          e.key.scopes,  e.key.expires_at};
            changes.push_back({Kind::kKeyAdded, e.key.hash, event.at, 0, {}, std::move(holder)});
          },
          [&](const ApiKeyRevoked& e) {
            for (const ApiKey& key : keys_before) {
              if (key.id == e.id) changes.push_back(key_removed(key, event.at));
            }
          },
          [&](const RolesChanged& e) {
            KeyHolder holder;
            holder.roles = e.after;
            changes.push_back({Kind::kRolesChanged, user.id.to_string(), event.at, 0, {}, std::move(holder)});
          },
          [](const auto&) {}},
      event.body);
  return changes;
}

void AccessRegistry::apply(const AccessChange& change) {
  std::unique_lock lock(mutex_);
  apply_locked(change);
}

void AccessRegistry::replace(const std::vector<AccessChange>& changes) {
  std::unique_lock lock(mutex_);
  keys_.clear();
  for (const AccessChange& change : changes) apply_locked(change);
}

void AccessRegistry::apply_locked(const AccessChange& change) {
  switch (change.kind) {
    case Kind::kSessionEnded:
      end(change, false);
      break;
    case Kind::kUserEnded:
      end(change, true);
      break;
    case Kind::kKeyAdded:
      keys_[change.subject] = change.holder;
      break;
    case Kind::kKeyRemoved:
      keys_.erase(change.subject);
      break;
    case Kind::kRolesChanged:
      for (auto& [hash, holder] : keys_) {
        if (holder.user_id == change.subject) holder.roles = change.holder.roles;
      }
      break;
  }
  log_.push_back(change);
  if (log_.size() > options_.changes) log_.pop_front();
  ++version_;
  forget(change.at);
}

void AccessRegistry::end(const AccessChange& change, bool is_user) {
  auto [place, fresh] = ended_.try_emplace(change.subject);
  Ended& ended = place->second;
  if (!fresh && is_user && change.generation <= ended.generation) return;  // known already
  if (!fresh && !is_user) return;
  ended = {change.generation, change.kept, change.at, is_user};
  order_.emplace_back(change.at, change.subject);
}

void AccessRegistry::forget(Timestamp now) {
  while (!order_.empty()) {
    const auto& [at, subject] = order_.front();
    bool expired = at + options_.access_ttl < now;
    if (!expired && order_.size() <= options_.ended) return;
    if (!expired) floor_ = std::max(floor_, at);
    // A user who ended all his sessions again stands in the list a second time, further behind.
    auto found = ended_.find(subject);
    if (found != ended_.end() && found->second.at == at) ended_.erase(found);
    order_.pop_front();
  }
}

bool AccessRegistry::has_ended(const security::Claims& claims) const {
  std::shared_lock lock(mutex_);
  if (floor_ != Timestamp{} && claims.issued_at <= floor_) return true;
  if (!claims.session.empty() && ended_.contains(claims.session)) return true;
  auto user = ended_.find(claims.subject);
  return user != ended_.end() && user->second.is_user && claims.generation < user->second.generation &&
         (claims.session.empty() || claims.session != user->second.kept);
}

std::optional<KeyHolder> AccessRegistry::find_key(std::string_view hash, Timestamp now) const {
  std::shared_lock lock(mutex_);
  auto found = keys_.find(hash);
  if (found == keys_.end()) return std::nullopt;
  const KeyHolder& holder = found->second;
  if (holder.expires_at && *holder.expires_at <= now) return std::nullopt;
  return holder;
}

AccessRegistry::Snapshot AccessRegistry::snapshot() const {
  std::shared_lock lock(mutex_);
  Snapshot snapshot{version_, {}};
  snapshot.changes.reserve(ended_.size() + keys_.size());
  for (const auto& [subject, ended] : ended_) {
    Kind kind = ended.is_user ? Kind::kUserEnded : Kind::kSessionEnded;
    snapshot.changes.push_back({kind, subject, ended.at, ended.generation, ended.kept, {}});
  }
  std::sort(snapshot.changes.begin(), snapshot.changes.end(),
            [](const AccessChange& a, const AccessChange& b) { return a.at < b.at; });
  for (const auto& [hash, holder] : keys_) {
    snapshot.changes.push_back({Kind::kKeyAdded, hash, {}, 0, {}, holder});
  }
  return snapshot;
}

std::optional<AccessRegistry::Snapshot> AccessRegistry::since(uint64_t version, size_t limit) const {
  std::shared_lock lock(mutex_);
  uint64_t first = version_ - log_.size();  // the version before the oldest change that is kept
  if (version < first || version > version_) return std::nullopt;
  auto from = static_cast<size_t>(version - first);
  size_t count = std::min(limit, log_.size() - from);
  auto begin = log_.begin() + static_cast<ptrdiff_t>(from);
  return Snapshot{version + count, {begin, begin + static_cast<ptrdiff_t>(count)}};
}

uint64_t AccessRegistry::version() const {
  std::shared_lock lock(mutex_);
  return version_;
}

size_t AccessRegistry::ended() const {
  std::shared_lock lock(mutex_);
  return ended_.size();
}

size_t AccessRegistry::keys() const {
  std::shared_lock lock(mutex_);
  return keys_.size();
}

}  // namespace ducat::identity
