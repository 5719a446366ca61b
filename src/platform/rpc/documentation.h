// The documentation's pages: Swagger UI, from files in the binary, over the OpenAPI document. No network is
// needed.
#pragma once

#include <string>

#include "platform/rpc/openapi.h"
#include "platform/rpc/static_routes.h"

namespace ducat::rpc {

// Owns the document that the static routes serve, so it lives as long as they do.
class Documentation {
 public:
  Documentation(const Registry& registry, const OpenApiInfo& info)
      : document_(make_openapi(registry, info)) {}
  Documentation(const Documentation&) = delete;
  Documentation& operator=(const Documentation&) = delete;

  // Adds /documentation, /api/docs and /v1/docs, each with its files and, at …/json, the document.
  void add_to(StaticRoutes& files) const;

  const std::string& document() const { return document_; }

 private:
  std::string document_;
};

}  // namespace ducat::rpc
