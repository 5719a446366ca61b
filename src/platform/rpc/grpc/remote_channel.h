// The connection to another process and the calls under way on it, for remote_service.cc. Heavy.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <expected>
#include <functional>
#include <string>

#include "platform/rpc/grpc/remote_service.h"

namespace ducat::rpc {

// What came of a call, besides its reply: nothing, or why not; `unreachable` when the other process was not
// to be reached.
struct RemoteOutcome {
  std::expected<void, ApiError> result;
  bool unreachable = false;
  bool unsent = false;  // it has certainly not been asked
};

// Thread-safe. Calls end before it is destroyed: see `stop`.
struct RemoteService::Channel {
  // Called on the context's executor.
  using Done = std::move_only_function<void(RemoteOutcome)>;

  Channel(RemoteOptions given, const std::string& address, Clock& time);
  // Request, response and context live until `done`.
  void call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
            google::protobuf::Message& response, CallContext& context, Duration timeout, Done done);
  // The same unless the breaker is open.
  void guarded_call(const google::protobuf::MethodDescriptor& method,
                    const google::protobuf::Message& request, google::protobuf::Message& response,
                    CallContext& context, Done done);
  // No more calls; ends those under way and waits for their `done`.
  void stop();

  ApiError unavailable(std::string cause) const;

  const RemoteOptions options;
  Clock& clock;
  std::function<void()> on_unreachable;  // once for each opening of the breaker; any thread
  std::atomic<bool> open{false};         // the breaker: calls are refused
  std::atomic<bool> stopped{true};
  std::atomic<uint64_t> calls{0}, failed{0}, refused{0};

 private:
  friend struct RemoteService::Exchange;
  bool admit(Exchange& exchange);
  void ended(Exchange& exchange);

  std::unique_ptr<::grpc::GenericStub> stub_;
  std::mutex mutex_;
  std::condition_variable quiet_;
  Exchange* first_ = nullptr;  // those under way, linked
  size_t under_way_ = 0;
};

}  // namespace ducat::rpc
