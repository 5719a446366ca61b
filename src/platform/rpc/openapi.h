// The OpenAPI 3.1 document of everything a registry serves: from the contracts' options and comments, so that
// it cannot differ from what the dispatcher does.
#pragma once

#include <string>

#include "platform/rpc/registry.h"

namespace ducat::rpc {

struct OpenApiInfo {
  std::string title = "Ducat";
  std::string version;
  std::string description;
};

// One JSON document. Made once, at the start, when every service has bound its methods.
std::string make_openapi(const Registry& registry, const OpenApiInfo& info);

}  // namespace ducat::rpc
