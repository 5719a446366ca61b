// What tells one request from another, for idempotency: the scope of its key, and a fingerprint of what it
// asks for.
#pragma once

#include <string>
#include <string_view>

#include "base/money.h"
#include "platform/rpc/authenticator.h"

namespace ducat::rpc {

// Collects what makes two requests the same, for telling a retry from a reuse of its key. One thread.
class Fingerprint {
 public:
  explicit Fingerprint(std::string_view operation) {
    bytes_.reserve(128);
    add(operation);
  }
  Fingerprint& add(std::string_view text);
  Fingerprint& add(int64_t number);
  Fingerprint& add(const ducat::Decimal& amount) { return add(amount.significand).add(amount.scale); }
  uint64_t value() const;

 private:
  std::string bytes_;
};

// The scope of a key: its caller and its operation. Empty if there is no key.
std::string scoped_key(const Caller& caller, std::string_view operation, std::string_view key);

}  // namespace ducat::rpc
