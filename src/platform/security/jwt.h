// JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256 (HS256 of RFC 7518), and nothing else: a token says
// which algorithm it wants, and believing it is the classic mistake (RFC 8725, 3.1).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace ducat::security {

struct Claims {
  std::string subject;  // sub: the user's id
  std::string username;
  std::string email;
  std::vector<std::string> roles;
  std::string issuer, audience;     // filled by the signer
  std::string type;                 // typ: "access", "refresh"
  std::string session;              // sid: the family of refresh tokens it belongs to; empty: none
  int64_t generation = 0;           // gen: the subject's, grows when all its sessions end
  int64_t sequence = 0;             // seq: of a refresh token, its number in its family
  std::string purpose;              // free text of a short-lived token's maker
  Timestamp issued_at, expires_at;  // whole seconds on the wire
};

enum class TokenFault : uint8_t { kMalformed, kSignature, kExpired, kForeign };

// Signs and verifies. Immutable, so any thread may use it.
class TokenSigner {
 public:
  // The secret has 32 characters at least (RFC 7518, 3.2); the caller has checked that.
  TokenSigner(std::string secret, std::string issuer, std::string audience)
      : secret_(std::move(secret)), issuer_(std::move(issuer)), audience_(std::move(audience)) {}

  std::string sign(const Claims& claims) const;

  // The claims of a token that we signed, for us, that has not expired and is of this type. kForeign:
  // somebody else's issuer or audience, or another type. Nothing in it is looked at before its signature is
  // known to be good.
  std::expected<Claims, TokenFault> verify(std::string_view token, std::string_view type,
                                           Timestamp now) const;

 private:
  const std::string secret_, issuer_, audience_;
};

}  // namespace ducat::security
