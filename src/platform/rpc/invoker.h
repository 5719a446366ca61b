// A method of the contracts, called by its name, wherever its service is: in this process (src/clients) or in
// another one (grpc/remote_service.h).
#pragma once

#include <expected>
#include <string_view>

#include "base/result.h"
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

// Knows where the services are. Thread-safe once the process serves.
class ServiceDirectory {
 public:
  virtual ~ServiceDirectory() = default;
  // The way to a service ("audit"), which lives as long as the process. To be asked while the modules are
  // made. kInvalid: it is not in this process and no address was given; the message names the setting.
  virtual Result<Invoker*> find(std::string_view service) = 0;
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
