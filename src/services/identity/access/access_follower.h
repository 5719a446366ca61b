// Keeps a process that does not run the identity service informed of what has ended and which keys there are.
#pragma once

#include <memory>

#include "base/random.h"
#include "platform/rpc/invoker.h"
#include "platform/runtime/module.h"
#include "services/identity/access/access_registry.h"

namespace ducat::identity {

struct FollowerPorts {
  rpc::Invoker& identity;
  AccessRegistry& access;
  Clock& clock;
  Random& random;
  Timers& timers;
};

// Not ready until it has a first snapshot: without one an ended session would still count. Later, while the
// identity service is away, tokens and keys go on as they were last known. All it is given outlives it.
std::unique_ptr<Module> make_access_follower(FollowerPorts ports);

}  // namespace ducat::identity
