// See authenticator.h.
#include "platform/rpc/authenticator.h"

namespace ducat::rpc {

ApiError unauthorized() {
  return ApiError::of(401, "Invalid or missing authentication token");
}

std::expected<Caller, ApiError> ClosedAuthenticator::authenticate(const http::Request&,
                                                                  const AccessRule& rule) {
  if (rule.open) return Caller{};
  return std::unexpected(unauthorized());
}

std::expected<Caller, ApiError> DevelopmentAuthenticator::authenticate(const http::Request& request,
                                                                       const AccessRule& rule) {
  if (!rule.open_in_dev) return inner_.authenticate(request, rule);
  const bool credentials = !request.header("authorization").empty() || !request.header("x-api-key").empty();
  if (credentials) {
    if (auto caller = inner_.authenticate(request, rule)) return caller;
  }
  return Caller{};
}

}  // namespace ducat::rpc
