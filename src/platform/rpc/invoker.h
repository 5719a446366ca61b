// A method of the contracts, called by its name, wherever its service is: in this process (src/clients) or in
// another one (grpc/remote_service.h).
#pragma once

#include <expected>
#include <string_view>

#include "platform/rpc/registry.h"

namespace ducat::rpc {

// Thread-safe. Outlives the calls.
class Invoker {
 public:
  virtual ~Invoker() = default;
  // Calls "ducat.wallet.v1.WalletService.Deposit" in the name of `context.caller`, under its idempotency key,
  // until `context.deadline`; fills `response` and `context.out`. Resumes on `context.executor`. An
  // operational failure is a 503; whether the call had an effect is then unknown, unless it had a key: the
  // same call with the same key may be made again. All that is passed in outlives the task.
  virtual Task<std::expected<void, ApiError>> invoke(std::string_view method,
                                                     const google::protobuf::Message& request,
                                                     google::protobuf::Message& response,
                                                     CallContext& context) = 0;
};

template <typename Response, typename Request>
Task<Reply<Response>> invoke(Invoker& invoker, std::string_view method, const Request& request,
                             CallContext& context) {
  Response response;
  auto done = co_await invoker.invoke(method, request, response, context);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return response;
}

}  // namespace ducat::rpc
