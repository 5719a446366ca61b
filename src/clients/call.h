// Contexts for calls from one service to another.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "platform/rpc/registry.h"

namespace ducat::clients {

// A call on behalf of another one: in its caller's name, with its request id, trace and deadline. The key is
// the new call's own, since it is another operation; derive it from the first one's so that a repetition has
// the same.
rpc::CallContext on_behalf_of(const rpc::CallContext& call, std::string idempotency_key);

// A call that a service makes by itself: `service` ("transactions") is the caller.
rpc::CallContext own_call(std::string_view service, std::string idempotency_key, Executor& executor,
                          Clock& clock, Random& random);

}  // namespace ducat::clients
