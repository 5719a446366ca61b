// See call.h.
#include "clients/call.h"

#include "base/uuid.h"
#include "platform/rpc/headers.h"

namespace ducat::clients {

rpc::CallContext on_behalf_of(const rpc::CallContext& call, std::string idempotency_key) {
  rpc::CallContext made = call;
  made.out = {};
  made.idempotency_key = std::move(idempotency_key);
  return made;
}

rpc::CallContext own_call(std::string_view service, std::string idempotency_key, Executor& executor,
                          Clock& clock, Random& random) {
  rpc::CallContext made;
  made.executor = &executor;
  made.caller.id = "service:" + std::string(service);
  made.caller.anonymous = false;
  made.caller.roles = {"service"};
  made.now = clock.now();
  made.request_id = make_uuid7(made.now, random).to_string();
  made.traceparent = rpc::make_traceparent(random);
  made.idempotency_key = std::move(idempotency_key);
  return made;
}

}  // namespace ducat::clients
