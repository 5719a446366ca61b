// See access_feed.h. Long snapshots go in parts, since a message has its limit; the parts are of one
// snapshot, kept until the last one is fetched or another one is asked for.
#include "services/identity/access/access_feed.h"

#include <algorithm>

#include "base/uuid.h"
#include "platform/telemetry/logger.h"

namespace ducat::identity {
namespace {

constexpr size_t kPartBytes = size_t{2} << 20;  // half of what a message may have
constexpr size_t kChangesAtOnce = 2000;
// How long a call waits for a change, and how often it looks: nobody waits longer than this for a logout to
// count elsewhere, and a stop no longer than that for the call to end.
constexpr Duration kWait = Duration::millis(500);
constexpr Duration kLook = Duration::millis(10);

}  // namespace

AccessFeed::AccessFeed(const AccessRegistry& access, Clock& clock, Random& random, Timers& timers)
    : access_(access), clock_(clock), timers_(timers), epoch_(make_uuid7(clock.now(), random).to_string()) {}

void AccessFeed::bind(rpc::Registry& registry) {
  registry.bind<v1::WatchAccessRequest, v1::WatchAccessReply>(
      "ducat.identity.v1.AccessService.Watch",
      [this](const v1::WatchAccessRequest& request, rpc::CallContext& call) { return watch(request, call); });
}

Task<rpc::Reply<v1::WatchAccessReply>> AccessFeed::watch(const v1::WatchAccessRequest& request,
                                                         rpc::CallContext& call) {
  hear(request);
  if (request.epoch() != epoch_ || request.offset() > 0) co_return part_of_snapshot(request);
  const Timestamp end = std::min(clock_.monotonic() + kWait, call.deadline);
  while (true) {
    std::optional<AccessRegistry::Snapshot> changes = access_.since(request.version(), kChangesAtOnce);
    if (!changes) co_return part_of_snapshot(request);
    if (!changes->changes.empty() || clock_.monotonic() >= end) {
      v1::WatchAccessReply reply;
      reply.set_epoch(epoch_);
      reply.set_version(changes->version);
      for (const AccessChange& change : changes->changes) write_change(change, *reply.add_change());
      co_return reply;
    }
    co_await pause(timers_, *call.executor, kLook);
  }
}

void AccessFeed::hear(const v1::WatchAccessRequest& request) {
  if (request.follower().empty()) return;
  const bool has_applied = request.epoch() == epoch_ && request.offset() == 0;
  std::lock_guard lock(mutex_);
  followers_[request.follower()] = {has_applied ? request.version() : 0, clock_.monotonic()};
}

bool AccessFeed::is_spread(uint64_t version) {
  const Timestamp now = clock_.monotonic();
  std::lock_guard lock(mutex_);
  std::erase_if(followers_, [&](const auto& entry) { return now - entry.second.seen > kGone; });
  return std::ranges::all_of(followers_, [&](const auto& entry) { return entry.second.applied >= version; });
}

Task<void> AccessFeed::spread(Executor& home) {
  const uint64_t version = access_.version();
  const Timestamp end = clock_.monotonic() + kSpread;
  while (!is_spread(version)) {
    if (clock_.monotonic() >= end) {
      log::warn("access.not_spread", {{"version", std::to_string(version)}});
      co_return;
    }
    co_await pause(timers_, home, kLook);
  }
}

v1::WatchAccessReply AccessFeed::part_of_snapshot(const v1::WatchAccessRequest& request) {
  std::shared_ptr<const AccessRegistry::Snapshot> snapshot;
  size_t offset = 0;
  {
    std::lock_guard lock(mutex_);
    bool goes_on = request.epoch() == epoch_ && request.offset() > 0 && snapshot_ &&
                   snapshot_->version == request.version() && request.offset() < snapshot_->changes.size();
    if (goes_on) {
      offset = request.offset();
    } else {
      snapshot_ = std::make_shared<const AccessRegistry::Snapshot>(access_.snapshot());
    }
    snapshot = snapshot_;
  }
  v1::WatchAccessReply reply;
  reply.set_epoch(epoch_);
  reply.set_version(snapshot->version);
  reply.set_snapshot(true);
  for (size_t bytes = 0; offset < snapshot->changes.size() && bytes < kPartBytes; ++offset) {
    v1::AccessChange& added = *reply.add_change();
    write_change(snapshot->changes[offset], added);
    bytes += added.ByteSizeLong() + 8;
  }
  if (offset < snapshot->changes.size()) {
    reply.set_next(offset);
  } else {
    std::lock_guard lock(mutex_);
    if (snapshot_ == snapshot) snapshot_.reset();
  }
  return reply;
}

void write_change(const AccessChange& change, v1::AccessChange& into) {
  into.set_kind(static_cast<v1::AccessChange::Kind>(static_cast<int>(change.kind) + 1));
  into.set_subject(change.subject);
  into.set_at(change.at.micros);
  into.set_generation(change.generation);
  into.set_kept(change.kept);
  v1::KeyHolder& holder = *into.mutable_holder();
  holder.set_user_id(change.holder.user_id);
  holder.set_username(change.holder.username);
  holder.set_email(change.holder.email);
  holder.set_roles(change.holder.roles.bits());
  for (const std::string& scope : change.holder.scopes) holder.add_scope(scope);
  if (change.holder.expires_at) holder.set_expires_at(change.holder.expires_at->micros);
}

Result<AccessChange> read_change(const v1::AccessChange& message) {
  if (message.kind() < v1::AccessChange::SESSION_ENDED || message.kind() > v1::AccessChange::ROLES_CHANGED) {
    return fail(Errc::kCorrupt, "a change of access of unknown kind");
  }
  AccessChange change{};
  change.kind = static_cast<AccessChange::Kind>(message.kind() - 1);
  change.subject = message.subject();
  change.at = {message.at()};
  change.generation = message.generation();
  change.kept = message.kept();
  const v1::KeyHolder& holder = message.holder();
  change.holder.user_id = holder.user_id();
  change.holder.username = holder.username();
  change.holder.email = holder.email();
  change.holder.roles = RoleSet(static_cast<uint8_t>(holder.roles()));
  change.holder.scopes.assign(holder.scope().begin(), holder.scope().end());
  if (holder.has_expires_at()) change.holder.expires_at = Timestamp{holder.expires_at()};
  return change;
}

}  // namespace ducat::identity
