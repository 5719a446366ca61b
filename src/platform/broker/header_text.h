// Values in the text headers of brokers: percent-encoding (RFC 3986, 2.1) of what would end a header line or
// be trimmed, and headers as one such value ("name=value&name=value"), which keeps order and doubles.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ducat::broker {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Control characters, '%', spaces and what `also` names are encoded; other bytes stay.
std::string encode_text(std::string_view text, std::string_view also = {});
// A '%' without two hexadecimal digits stands for itself.
std::string decode_text(std::string_view text);

std::string encode_headers(const Headers& headers);
Headers decode_headers(std::string_view text);

}  // namespace ducat::broker
