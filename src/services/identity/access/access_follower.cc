// See access_follower.h: one task that asks, applies and asks again.
#include "services/identity/access/access_follower.h"

#include <condition_variable>
#include <mutex>

#include "base/uuid.h"
#include "clients/call.h"
#include "platform/telemetry/logger.h"
#include "services/identity/access/access_feed.h"

namespace ducat::identity {
namespace {

constexpr Duration kCallTime = Duration::seconds(3);
constexpr Duration kPauseAfterFailure = Duration::millis(200);
constexpr std::chrono::seconds kStartTime(2);

class AccessFollower final : public Module {
 public:
  explicit AccessFollower(FollowerPorts ports) : ports_(ports) {
    request_.set_follower(make_uuid7(ports_.clock.now(), ports_.random).to_string());
  }

  std::string name() const override { return "access"; }

  Status start() override {
    ducat::start(follow(), [this] {
      std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kStartTime, [&] { return informed_; });
    return {};  // the identity service may come later
  }

  // A call under way ends by its deadline.
  void stop() override {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.wait(lock, [&] { return ended_; });
  }

  Health health() const override {
    std::lock_guard lock(mutex_);
    return {informed_, informed_ ? "" : "has not heard from the identity service yet", std::nullopt};
  }

 private:
  Task<void> follow() {
    co_await resume_on(executor_);
    while (!is_stopping()) {
      Status asked = co_await ask();
      if (asked) continue;
      log::warn("access.not_informed", {{"cause", asked.error().message}});
      co_await pause(ports_.timers, executor_, kPauseAfterFailure);
    }
  }

  Task<Status> ask() {
    rpc::CallContext context = clients::own_call("access", {}, executor_, ports_.clock, ports_.random);
    context.deadline = ports_.clock.monotonic() + kCallTime;
    auto reply = co_await rpc::invoke<v1::WatchAccessReply>(
        ports_.identity, "ducat.identity.v1.AccessService.Watch", request_, context);
    if (!reply) co_return fail(Errc::kUnavailable, reply.error().cause);
    co_return apply(*reply);
  }

  Status apply(const v1::WatchAccessReply& reply) {
    std::vector<AccessChange> changes;
    for (const v1::AccessChange& message : reply.change()) {
      DUCAT_ASSIGN(AccessChange change, read_change(message));
      changes.push_back(std::move(change));
    }
    // A part that does not follow the last one begins another snapshot.
    const bool goes_on = reply.snapshot() && request_.offset() > 0 && reply.epoch() == request_.epoch() &&
                         reply.version() == request_.version();
    if (!goes_on) parts_.clear();
    request_.set_epoch(reply.epoch());
    request_.set_version(reply.version());
    request_.set_offset(reply.next());
    if (!reply.snapshot()) {
      for (const AccessChange& change : changes) ports_.access.apply(change);
      return {};
    }
    std::move(changes.begin(), changes.end(), std::back_inserter(parts_));
    if (reply.next() != 0) return {};
    ports_.access.replace(parts_);
    parts_.clear();
    std::lock_guard lock(mutex_);
    informed_ = true;
    changed_.notify_all();
    return {};
  }

  bool is_stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
  }

  const FollowerPorts ports_;
  // The task's.
  v1::WatchAccessRequest request_;
  std::vector<AccessChange> parts_;  // of a snapshot that is not complete

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool informed_ = false, stopping_ = false, ended_ = false;
  ThreadExecutor executor_{"access"};  // last: its thread ends before what it works on
};

}  // namespace

std::unique_ptr<Module> make_access_follower(FollowerPorts ports) {
  return std::make_unique<AccessFollower>(ports);
}

}  // namespace ducat::identity
