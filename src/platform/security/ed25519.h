// Ed25519 (RFC 8032) through OpenSSL: signing and verifying, for evidence that others can check.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace ducat::security {

using Ed25519PublicKey = std::array<uint8_t, 32>;
using Ed25519Signature = std::array<uint8_t, 64>;

// A private key. Immutable, thread-safe, cheap to copy: the copies share OpenSSL's object.
class Ed25519Key {
 public:
  static constexpr size_t kSeedSize = 32;

  // From the 32 bytes that RFC 8032 calls the private key; nothing for any other number of bytes.
  static std::optional<Ed25519Key> from_seed(std::string_view seed);
  // A new one from OpenSSL's generator.
  static Ed25519Key generate();

  Ed25519Signature sign(std::string_view message) const;
  const Ed25519PublicKey& public_key() const { return public_; }
  std::string seed() const;

 private:
  explicit Ed25519Key(evp_pkey_st* key);
  std::shared_ptr<evp_pkey_st> key_;  // shared: OpenSSL counts references itself, and never changes it
  Ed25519PublicKey public_{};
};

// False also for what is no public key at all.
bool verify_ed25519(const Ed25519PublicKey& key, std::string_view message, std::string_view signature);

}  // namespace ducat::security
