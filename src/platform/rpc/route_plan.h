// What the dispatcher and the OpenAPI document know about a method: its options and the plans of its
// messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/rpc/api_error.h"
#include "platform/rpc/authenticator.h"
#include "platform/rpc/message_plan.h"

namespace google::protobuf {
class MethodDescriptor;
}

namespace ducat::rpc {

struct BusinessRefusal {
  int status;
  std::string type;
  std::string message;
};

// Immutable once made; lives as long as its registry. A method without a route in the contract has neither
// verb nor paths: it is for other processes of Ducat only (grpc/).
struct RoutePlan {
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string name;  // "POST /v1/wallet/{id}/deposit": for metrics, logs and rate limits
  std::string verb;  // "POST"
  std::vector<std::string> paths;
  Style style = Style::kPlain;
  std::string tag;
  std::string summary;
  int success_status = 200;
  int validation_status = 400;
  std::string permission;
  bool open = false;
  bool open_in_dev = false;
  bool idempotent = false;
  bool request_id_is_key = false;
  bool has_body = false;  // POST, PUT and PATCH
  std::string rate_class;
  std::string entity_rate_class;
  std::string rate_entity;
  std::vector<BusinessRefusal> refusals;
  std::string request_example, response_example;

  MessagePlan body, query, path;
  const MessagePlan* response = nullptr;

  AccessRule access() const { return {permission, open, open_in_dev}; }
};

// Reads a method's options. A contract without verb, path or style, or that contradicts itself, stops the
// process.
RoutePlan make_route_plan(const google::protobuf::MethodDescriptor& method, PlanCache& plans);

}  // namespace ducat::rpc
