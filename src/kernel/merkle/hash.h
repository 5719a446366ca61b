// Hashes of a Merkle tree (RFC 6962, section 2.1): a leaf is SHA-256(0x00 || data), a node above two others
// SHA-256(0x01 || left || right), so that no leaf can pass for a node.
#pragma once

#include <string_view>

#include "platform/security/sha256.h"

namespace ducat::kernel::merkle {

using Hash = security::Sha256Digest;

Hash leaf_hash(std::string_view data);
Hash node_hash(const Hash& left, const Hash& right);
// Of the tree without leaves: SHA-256 of nothing.
Hash empty_root();

inline std::string_view bytes_of(const Hash& hash) {
  return security::as_bytes(hash);
}
// The hash in these bytes; all zero unless they are 32.
Hash hash_from(std::string_view bytes);

}  // namespace ducat::kernel::merkle
