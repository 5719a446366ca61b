// ID tokens of others (OpenID Connect Core 1.0, section 3.1.3.7): signatures by RS256 and ES256 (RFC 7518),
// keys from a JSON Web Key Set (RFC 7517).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

struct evp_pkey_st;

namespace ducat::security {

struct IdToken {
  std::string subject, nonce, email, first_name, last_name;
  bool email_verified = false;
};

enum class IdTokenFault : unsigned char {
  kMalformed,
  kUnknownKey,  // signed by a key that is not in the set: fetch it again, keys rotate
  kSignature,
  kExpired,
  kForeign,  // another issuer, audience or nonce
};

struct IdTokenRules {
  std::string_view issuer, client_id, nonce;
  Duration leeway = Duration::seconds(60);  // of the clocks
};

// The public keys of an issuer. Immutable, so any thread may use it; copies share the keys.
class KeySet {
 public:
  // Keys of kinds we do not know are skipped. kInvalid: not a key set.
  static Result<KeySet> parse(std::string_view json);

  std::expected<IdToken, IdTokenFault> verify(std::string_view token, const IdTokenRules& rules,
                                              Timestamp now) const;
  size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id;
    bool elliptic = false;                    // ES256, else RS256
    std::shared_ptr<evp_pkey_st> public_key;  // shared with copies of the set; OpenSSL counts nothing of ours
  };
  std::vector<Key> keys_;
};

}  // namespace ducat::security
