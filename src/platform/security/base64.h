// Base64 (RFC 4648) in both its forms: the URL alphabet without padding (section 5) as tokens and keys carry
// it, the standard alphabet with padding (section 4) as signed notes and JSON fields do. And base32 without
// padding (section 6) for the secrets people type into an authenticator.
//
// Reading is strict: nothing for padding that is missing or does not belong, other characters, or bits left
// over that are not zero. A text has one meaning, and a meaning one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ducat::security {

std::string base64url(std::string_view bytes);
std::optional<std::string> parse_base64url(std::string_view text);

std::string base64_padded(std::string_view bytes);
std::optional<std::string> parse_base64_padded(std::string_view text);

std::string base32(std::string_view bytes);

// "a b&c" → "a%20b%26c", for the queries and forms of OAuth and of otpauth links (RFC 3986, 2.3).
std::string percent_encoded(std::string_view text);

}  // namespace ducat::security
