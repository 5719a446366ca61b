// A method of a service in this process, called by its name: through the same binding that HTTP uses, without
// bytes in between.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "platform/rpc/invoker.h"

namespace ducat::clients {

// The registry outlives it and is complete before the first call. Thread-safe.
class LocalInvoker final : public rpc::Invoker {
 public:
  explicit LocalInvoker(const rpc::Registry& registry) : registry_(registry) {}
  // A method that nobody has bound is a programmer's error.
  Task<std::expected<void, rpc::ApiError>> invoke(std::string_view method,
                                                  const google::protobuf::Message& request,
                                                  google::protobuf::Message& response,
                                                  rpc::CallContext& context) override;

 private:
  const rpc::Route& route_of(std::string_view method);

  const rpc::Registry& registry_;
  std::once_flag filled_;
  std::unordered_map<std::string, const rpc::Route*> routes_;
};

}  // namespace ducat::clients
