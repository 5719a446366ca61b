// See cors.h.
#include "platform/rpc/cors.h"

#include <algorithm>

namespace ducat::rpc {
namespace {

constexpr std::string_view kRequestHeaders =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-API-Key, "
    "X-Request-ID, "
    "traceparent";
constexpr std::string_view kExposedHeaders =
    "ETag, Idempotent-Replayed, Link, RateLimit, RateLimit-Policy, Retry-After, X-Degraded, X-Next-Cursor, "
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID, traceparent";

}  // namespace

bool Cors::allowed(std::string_view origin) const {
  return options_.any_origin ||
         std::find(options_.origins.begin(), options_.origins.end(), origin) != options_.origins.end();
}

void Cors::add_headers(const http::Request& request, http::Response& response) const {
  if (!options_.any_origin && options_.origins.empty()) return;
  std::string_view origin = request.header("origin");
  // With a list the answer differs by origin, whether or not this one is allowed, so caches must know.
  if (!options_.any_origin) response.headers.emplace_back("Vary", "Origin");
  if (origin.empty() || !allowed(origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin",
                                options_.any_origin ? "*" : std::string(origin));
  response.headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
}

http::Response Cors::preflight(const http::Request& request, std::string allow) const {
  http::Response response;
  response.status = 204;
  std::string_view origin = request.header("origin");
  if (!origin.empty() && allowed(origin) && !request.header("access-control-request-method").empty()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allow);
    response.headers.emplace_back("Access-Control-Allow-Headers", kRequestHeaders);
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  response.headers.emplace_back("Allow", std::move(allow));
  return response;
}

}  // namespace ducat::rpc
