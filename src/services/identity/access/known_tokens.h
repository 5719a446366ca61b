// Tokens whose signature was found good: a client sends the same one with every request, and checking it
// costs more than all else that is done with its caller. What may change is not remembered: expiry, and what
// has ended, are looked at every time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "platform/security/jwt.h"

namespace ducat::identity {

// Thread-safe. A full half is forgotten as a whole, so nothing is kept in order; about 1 KiB a token.
class KnownTokens {
 public:
  // Null: not known.
  std::shared_ptr<const security::Claims> find(std::string_view token) {
    std::lock_guard lock(mutex_);
    for (auto* tokens : {&young_, &old_}) {
      if (auto found = tokens->find(token); found != tokens->end()) return found->second;
    }
    return nullptr;
  }
  void add(std::string_view token, std::shared_ptr<const security::Claims> claims) {
    std::lock_guard lock(mutex_);
    if (young_.size() >= kHalf) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert_or_assign(std::string(token), std::move(claims));
  }

 private:
  using Tokens =
      std::unordered_map<std::string, std::shared_ptr<const security::Claims>, TextHash, std::equal_to<>>;
  static constexpr size_t kHalf = 4096;

  std::mutex mutex_;
  Tokens young_, old_;
};

}  // namespace ducat::identity
