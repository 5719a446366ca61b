// The places a service runs at, for remote_service.cc: one, or several of which one leads and the others
// follow it. Heavy.
#pragma once

#include <memory>
#include <vector>

#include "platform/rpc/grpc/remote_channel.h"

namespace ducat::rpc {

// A call goes to the place that did the last one, and to the next if it was certainly not done there: refused
// as not leading, or not sent. Each place is asked once. Thread-safe once filled; calls end before it is
// destroyed.
struct RemoteService::Places {
  // "host:port", or several of them with commas between.
  Places(const RemoteOptions& options, Clock& clock);
  // As Channel::guarded_call.
  void call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
            google::protobuf::Message& response, CallContext& context, Channel::Done done);

  std::vector<std::unique_ptr<Channel>> all;  // at least one

 private:
  struct Attempt {
    const google::protobuf::MethodDescriptor& method;
    const google::protobuf::Message& request;
    google::protobuf::Message& response;
    CallContext& context;
    Channel::Done done;
    size_t at;          // the place asked
    size_t others = 0;  // places not asked yet
    bool moved = false;
  };
  void ask(std::unique_ptr<Attempt> attempt);
  void hear(std::unique_ptr<Attempt> attempt, RemoteOutcome outcome);

  std::atomic<size_t> leader_{0};
};

}  // namespace ducat::rpc
