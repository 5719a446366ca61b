// See request_key.h.
#include "platform/rpc/request_key.h"

#include "base/bytes.h"
#include "base/hash.h"

namespace ducat::rpc {

Fingerprint& Fingerprint::add(std::string_view text) {
  ByteWriter(bytes_).text(text);
  return *this;
}

Fingerprint& Fingerprint::add(int64_t number) {
  ByteWriter(bytes_).zigzag(number);
  return *this;
}

uint64_t Fingerprint::value() const {
  return hash64(bytes_);
}

std::string scoped_key(const Caller& caller, std::string_view operation, std::string_view key) {
  std::string scoped;
  if (key.empty()) return scoped;
  scoped.reserve(caller.id.size() + operation.size() + key.size() + 2);
  scoped.append(caller.id).append(1, '\x1f').append(operation).append(1, '\x1f').append(key);
  return scoped;
}

}  // namespace ducat::rpc
