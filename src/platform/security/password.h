// Password hashes in PHC string form: argon2id (RFC 9106) for new ones; bcrypt ($2a$, $2b$) of imported users
// still verifies. Hashing is meant to be slow: callers with anything else to do use PasswordHasher.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace ducat::security {

// OWASP's second choice for argon2id: 19 MiB, two passes, one lane. About 30 ms of one core.
struct PasswordCost {
  uint32_t memory_kib = 19'456;
  uint32_t passes = 2;
  uint32_t lanes = 1;
};

// Longer ones are refused before they are hashed, so that nobody can make us hash megabytes.
constexpr size_t kLongestPassword = 1024;  // bytes are bounded by four times as many

// "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>" with 16 bytes of salt and 32 of hash. kUnavailable: no
// memory.
Result<std::string> hash_password(std::string_view password, const PasswordCost& cost, Random& random);

// Whether the password gives this hash. An unknown or damaged hash matches nothing.
bool verify_password(std::string_view password, const std::string& hash);

// Whether the hash was made otherwise than a new one would be (bcrypt, other costs).
bool needs_rehash(std::string_view hash, const PasswordCost& cost);

// Whether it is one of the 3,000 most common (whatever its case).
bool is_common_password(std::string_view password);

}  // namespace ducat::security
