// Proof that a call comes from a process that knows the internal secret: HMAC-SHA256 (RFC 2104, FIPS 180-4)
// over the method, the head (which says who the caller is, and when it was sent) and the request. The secret
// itself is never sent.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace ducat::rpc {

// A call older than this, or from further in the future, is not believed: what was overheard cannot be sent
// again for ever. The clocks of the processes must agree that well.
constexpr Duration kSignatureLife = Duration::seconds(300);

// 32 bytes.
std::string sign_call(std::string_view secret, std::string_view path, std::string_view head,
                      std::string_view body);
// In constant time. An empty secret proves nothing: false.
bool is_signed(std::string_view signature, std::string_view secret, std::string_view path,
               std::string_view head, std::string_view body);

}  // namespace ducat::rpc
