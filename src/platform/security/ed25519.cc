// See ed25519.h. Signing fails only without memory, which is the end of the process anyway.
#include "platform/security/ed25519.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace ducat::security {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Ed25519Key::Ed25519Key(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {
  size_t size = public_.size();
  DUCAT_CHECK(EVP_PKEY_get_raw_public_key(key, public_.data(), &size) == 1 && size == public_.size(),
              "a private key has a public one");
}

std::optional<Ed25519Key> Ed25519Key::from_seed(std::string_view seed) {
  if (seed.size() != kSeedSize) return std::nullopt;
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size());
  DUCAT_CHECK(key != nullptr, "any 32 bytes are a private key");
  return Ed25519Key(key);
}

Ed25519Key Ed25519Key::generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  DUCAT_CHECK(key != nullptr, "OpenSSL makes no key");
  return Ed25519Key(key);
}

Ed25519Signature Ed25519Key::sign(std::string_view message) const {
  Ed25519Signature signature;
  size_t size = signature.size();
  Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool done = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
              EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) == 1;
  DUCAT_CHECK(done && size == signature.size(), "Ed25519 signing failed");
  return signature;
}

std::string Ed25519Key::seed() const {
  std::string seed(kSeedSize, '\0');
  size_t size = seed.size();
  bool done =
      EVP_PKEY_get_raw_private_key(key_.get(), reinterpret_cast<unsigned char*>(seed.data()), &size) == 1;
  DUCAT_CHECK(done && size == kSeedSize, "a private key has a seed");
  return seed;
}

bool verify_ed25519(const Ed25519PublicKey& key, std::string_view message, std::string_view signature) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> made(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!made || !context) return false;
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, made.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

}  // namespace ducat::security
