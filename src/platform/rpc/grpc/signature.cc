// See signature.h. What is signed has one meaning only: sizes stand before texts, the body as its digest.
#include "platform/rpc/grpc/signature.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/check.h"

namespace ducat::rpc {

std::string sign_call(std::string_view secret, std::string_view path, std::string_view head,
                      std::string_view body) {
  std::string text = "ducat-rpc-1\n";
  ByteWriter signed_text(text);
  signed_text.text(path);
  signed_text.text(head);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest);
  text.append(reinterpret_cast<const char*>(digest), sizeof(digest));
  unsigned char mac[SHA256_DIGEST_LENGTH];
  unsigned int size = 0;
  const void* made = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  DUCAT_CHECK(made && size == sizeof(mac), "OpenSSL has HMAC-SHA256");
  return {reinterpret_cast<const char*>(mac), sizeof(mac)};
}

bool is_signed(std::string_view signature, std::string_view secret, std::string_view path,
               std::string_view head, std::string_view body) {
  if (secret.empty()) return false;
  std::string expected = sign_call(secret, path, head, body);
  return signature.size() == expected.size() &&
         CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

}  // namespace ducat::rpc
