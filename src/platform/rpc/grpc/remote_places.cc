// See remote_places.h.
#include "platform/rpc/grpc/remote_places.h"

#include "base/check.h"

namespace ducat::rpc {

RemoteService::Places::Places(const RemoteOptions& options, Clock& clock) {
  for (const std::string& address : options.addresses)
    all.push_back(std::make_unique<Channel>(options, address, clock));
}

void RemoteService::Places::call(const google::protobuf::MethodDescriptor& method,
                                 const google::protobuf::Message& request,
                                 google::protobuf::Message& response, CallContext& context,
                                 Channel::Done done) {
  if (all.size() == 1) return all[0]->guarded_call(method, request, response, context, std::move(done));
  size_t first = leader_.load(std::memory_order_relaxed);
  ask(std::make_unique<Attempt>(
      Attempt{method, request, response, context, std::move(done), first, all.size() - 1}));
}

void RemoteService::Places::ask(std::unique_ptr<Attempt> attempt) {
  Attempt& asked = *attempt;
  all[asked.at]->guarded_call(asked.method, asked.request, asked.response, asked.context,
                              [this, attempt = std::move(attempt)](RemoteOutcome outcome) mutable {
                                hear(std::move(attempt), std::move(outcome));
                              });
}

void RemoteService::Places::hear(std::unique_ptr<Attempt> attempt, RemoteOutcome outcome) {
  bool elsewhere = !outcome.result && (outcome.unsent || outcome.result.error().is_not_leading());
  if (elsewhere && attempt->others > 0) {
    attempt->at = (attempt->at + 1) % all.size();
    --attempt->others;
    attempt->moved = true;
    attempt->response.Clear();
    attempt->context.out = CallContext::Out();
    return ask(std::move(attempt));
  }
  if (attempt->moved && !elsewhere) leader_.store(attempt->at, std::memory_order_relaxed);
  attempt->done(std::move(outcome));
}

}  // namespace ducat::rpc
