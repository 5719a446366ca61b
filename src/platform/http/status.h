// The status line of an answer (RFC 9110, section 15).
#pragma once

#include <string_view>

namespace ducat::http {

// "Not Found" for 404; "Unknown" for a status that has no name.
std::string_view reason_phrase(int status);

// 1xx, 204 and 304 carry no body and no Content-Length.
constexpr bool carries_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace ducat::http
