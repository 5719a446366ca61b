// What has ended and which keys there are, for processes that do not run the identity service: the method
// ducat.identity.v1.AccessService.Watch, which they call again and again. By what they ask for they tell what
// they have applied, so that an answer can wait until a change counts everywhere (`spread`).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/random.h"
#include "ducat/identity/v1/access.pb.h"
#include "platform/rpc/registry.h"
#include "services/identity/access/access_registry.h"

namespace ducat::identity {

// Thread-safe. What it is given outlives it, and it the registry's calls.
class AccessFeed {
 public:
  AccessFeed(const AccessRegistry& access, Clock& clock, Random& random, Timers& timers);
  void bind(rpc::Registry& registry);
  // Resumes on `home` once all who watch have applied what the registry holds now; at once when nobody
  // watches. Who says nothing for `kGone` is not waited for any more, and nobody longer than `kSpread`.
  Task<void> spread(Executor& home);

  static constexpr Duration kGone = Duration::seconds(2);
  static constexpr Duration kSpread = Duration::seconds(3);

 private:
  struct Follower {
    uint64_t applied = 0;
    Timestamp seen;  // monotonic
  };
  void hear(const v1::WatchAccessRequest& request);
  bool is_spread(uint64_t version);
  Task<rpc::Reply<v1::WatchAccessReply>> watch(const v1::WatchAccessRequest& request, rpc::CallContext& call);
  v1::WatchAccessReply part_of_snapshot(const v1::WatchAccessRequest& request);

  const AccessRegistry& access_;
  Clock& clock_;
  Timers& timers_;
  const std::string epoch_;
  std::mutex mutex_;
  std::shared_ptr<const AccessRegistry::Snapshot> snapshot_;  // whose parts are being fetched
  std::map<std::string, Follower, std::less<>> followers_;    // those not gone
};

// A change as a message, and back. A message that is none: kCorrupt.
void write_change(const AccessChange& change, v1::AccessChange& into);
Result<AccessChange> read_change(const v1::AccessChange& message);

}  // namespace ducat::identity
