// OpenSSL's SHA-256. It fails only without memory, which is the end of the process anyway.
#include "platform/security/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace ducat::security {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  DUCAT_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1, "no SHA-256");
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}

Sha256& Sha256::update(std::string_view bytes) {
  DUCAT_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1, "SHA-256 failed");
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  DUCAT_CHECK(EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1, "SHA-256 failed");
  DUCAT_CHECK(EVP_DigestInit_ex(context_, nullptr, nullptr) == 1, "SHA-256 failed");
  return digest;
}

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest;
  DUCAT_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1,
              "SHA-256 failed");
  return digest;
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  Sha256Digest digest;
  unsigned size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const void* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, bytes.size(), digest.data(), &size);
  DUCAT_CHECK(made != nullptr && size == digest.size(), "HMAC-SHA-256 failed");
  return digest;
}

std::string to_hex(const Sha256Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ducat::security
