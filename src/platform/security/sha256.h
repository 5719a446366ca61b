// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) over bytes in memory, for evidence and secrets; accidents
// are found more cheaply by base/hash.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace ducat::security {

using Sha256Digest = std::array<uint8_t, 32>;

// A digest of text that comes in parts. One thread at a time; `finish` ends it, then it may be reused.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(std::string_view bytes);
  Sha256Digest finish();

 private:
  evp_md_ctx_st* context_;
};

Sha256Digest sha256(std::string_view bytes);
Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);

// The digest's 32 bytes.
inline std::string_view as_bytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256Digest& digest);

// Whether both are the same, in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ducat::security
