// See hash.h.
#include "kernel/merkle/hash.h"

#include <cstring>

namespace ducat::kernel::merkle {
namespace {

// Kept by each thread: making one costs more than hashing a record.
security::Sha256& hasher() {
  thread_local security::Sha256 mine;
  return mine;
}

}  // namespace

Hash leaf_hash(std::string_view data) {
  return hasher().update(std::string_view("\0", 1)).update(data).finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  char bytes[65];
  bytes[0] = 1;
  std::memcpy(bytes + 1, left.data(), 32);
  std::memcpy(bytes + 33, right.data(), 32);
  return hasher().update({bytes, sizeof(bytes)}).finish();
}

Hash empty_root() {
  return hasher().finish();
}

Hash hash_from(std::string_view bytes) {
  Hash hash{};
  if (bytes.size() == hash.size()) std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

}  // namespace ducat::kernel::merkle
