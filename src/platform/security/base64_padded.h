// Base64 with the standard alphabet and padding (RFC 4648, section 4), as signed notes and JSON fields carry
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ducat::security {

std::string base64_padded(std::string_view bytes);
// Nothing for missing padding, other characters, or bits left over that are not zero: a text has one meaning,
// and a meaning one text.
std::optional<std::string> parse_base64_padded(std::string_view text);

}  // namespace ducat::security
