// Who calls, and whether they may. The identity service brings the real one; until a route's credentials can
// be checked, everything that is not open is refused.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.h"
#include "platform/rpc/api_error.h"

namespace ducat::rpc {

struct Caller {
  std::string id = "anonymous";  // the scope of idempotency keys, and the user in audit records
  bool anonymous = true;
  std::string username;
  std::string email;
  std::vector<std::string> roles;
  std::string session;      // of the token; empty: it has none
  bool by_api_key = false;  // a program, which may not change its user's own credentials
};

// What a route asks of its callers.
struct AccessRule {
  std::string_view permission;  // empty and not open: any authenticated caller
  bool open = false;
  bool open_in_dev = false;
};

// Thread-safe; called on I/O threads, so it must not block: what it needs it keeps in memory.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // 401 for missing or bad credentials, 403 for good ones without the permission.
  virtual std::expected<Caller, ApiError> authenticate(const http::Request& request,
                                                       const AccessRule& rule) = 0;
};

// 401 `Invalid or missing authentication token`.
ApiError unauthorized();

// Knows nobody: lets only open routes through. The default in production.
class ClosedAuthenticator final : public Authenticator {
 public:
  std::expected<Caller, ApiError> authenticate(const http::Request& request, const AccessRule& rule) override;
};

// Development: what is open there needs no credentials, but good ones count; the rest is asked of `inner`,
// which outlives this.
class DevelopmentAuthenticator final : public Authenticator {
 public:
  explicit DevelopmentAuthenticator(Authenticator& inner) : inner_(inner) {}
  std::expected<Caller, ApiError> authenticate(const http::Request& request, const AccessRule& rule) override;

 private:
  Authenticator& inner_;
};

}  // namespace ducat::rpc
