// Base64 as tokens and keys carry it: the URL alphabet without padding (RFC 4648, section 5). And base32
// without padding (section 6) for the secrets people type into an authenticator.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ducat::security {

std::string base64url(std::string_view bytes);
// Nothing for padding, other characters, or bits left over that are not zero: a text has one meaning, and a
// meaning one text.
std::optional<std::string> parse_base64url(std::string_view text);

std::string base32(std::string_view bytes);

// "a b&c" → "a%20b%26c", for the queries and forms of OAuth and of otpauth links (RFC 3986, 2.3).
std::string percent_encoded(std::string_view text);

}  // namespace ducat::security
