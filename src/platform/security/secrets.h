// Secrets we make: API keys, recovery codes, the signing secret of a development machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace ducat::security {

// So many bytes, fit for secrets as far as the source is.
std::string random_bytes(size_t count, Random& random);

// "dk_" and 32 random bytes in base64url. Stored is `key_hash` of it.
std::string make_api_key(Random& random);
// Whether it has the form of one; saves a look-up for what cannot be a key.
bool looks_like_api_key(std::string_view text);
// SHA-256 in hexadecimal. The key is 256 random bits, so a slow hash would protect nothing.
std::string key_hash(std::string_view key);

// Codes that stand in for a lost authenticator: "k7qd-x2vn-94tm-w3zc", 77 random bits each.
std::vector<std::string> make_recovery_codes(size_t count, Random& random);
// The code's hash, however its user has typed it (case, dashes and spaces do not count).
std::string recovery_code_hash(std::string_view code);

// The secret in the file, which is made (0600, 32 random bytes in base64url) if it is not there. kIo names
// the file.
Result<std::string> load_or_make_secret(const std::string& path, Random& random);

}  // namespace ducat::security
