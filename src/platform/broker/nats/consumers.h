// Durable consumers of a stream: made, changed, and put back where they must not have gone on from.
#pragma once

#include <string>
#include <unordered_set>

#include "platform/broker/nats/streams.h"

namespace ducat::broker::nats {

// All of these block for as long as a few requests may take, and may be repeated.

// Makes the group's consumer, or gives the one that is there this filter and limit.
Status declare_consumer(jsCtx* jetstream, const Stream& stream, const SubscriptionOptions& subscription,
                        const NatsOptions& options);

// What the server has sent and nobody received would come again only after the time for acknowledgements,
// behind newer messages of its keys. So everything unacknowledged that is not in `held` (by sequence) is
// given back, in its order; when this returns the server delivers it before anything new. `unless_shared`:
// not if other members are asking, whose messages these may be.
Status give_back_lost(Connection& connection, const Stream& stream, const std::string& group,
                      const std::unordered_set<uint64_t>& held, bool unless_shared);
// The server forgets requests for messages that nobody listens for any more. It would otherwise take what is
// given back for them, and put it at the end.
Status forget_requests(Connection& connection, const Stream& stream, const std::string& group);
// The server has handled an answer ("-NAK") and all that were sent before it. Blocks for a limited time.
Status answer_and_wait(Connection& connection, const std::string& reply, const char* verb);

// Puts consumers that stand beyond the end of the stream back to where they have acknowledged or to the end.
// After a power cut took the end of a stream they would otherwise skip the messages that take its place.
// Must be done before anything is published to it.
Status put_back_consumers(jsCtx* jetstream, const Stream& stream);

}  // namespace ducat::broker::nats
