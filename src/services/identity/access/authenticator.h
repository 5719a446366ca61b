// Who calls, by a bearer token or an API key, and whether the contract lets them. Works on its own: the
// shared secret verifies tokens, the registry knows what has ended, nothing is asked of anybody.
#pragma once

#include "platform/rpc/authenticator.h"
#include "services/identity/access/access_registry.h"
#include "services/identity/access/known_tokens.h"

namespace ducat::identity {

// Thread-safe, does not block. All it is given outlives it.
class Authenticator final : public rpc::Authenticator {
 public:
  Authenticator(const security::TokenSigner& tokens, const AccessRegistry& registry, Clock& clock)
      : tokens_(tokens), registry_(registry), clock_(clock) {}

  // Open routes ask for nothing and know nobody. With both kinds of credentials the token counts.
  std::expected<rpc::Caller, rpc::ApiError> authenticate(const http::Request& request,
                                                         const rpc::AccessRule& rule) override;

 private:
  std::expected<rpc::Caller, rpc::ApiError> by_token(std::string_view header,
                                                     const rpc::AccessRule& rule) const;
  std::expected<rpc::Caller, rpc::ApiError> by_key(std::string_view key, const rpc::AccessRule& rule) const;

  std::shared_ptr<const security::Claims> verified(std::string_view token) const;

  const security::TokenSigner& tokens_;
  const AccessRegistry& registry_;
  Clock& clock_;
  mutable KnownTokens known_;
};

}  // namespace ducat::identity
