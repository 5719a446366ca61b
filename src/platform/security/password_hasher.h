// Password hashes on threads of their own: a hash costs 30 ms of a core and 19 MiB, on purpose, and requests
// that hash nothing must not wait for it. The threads run at a lower priority than everything else in the
// process.
#pragma once

#include <string>

#include "platform/runtime/bounded_pool.h"
#include "platform/security/password.h"

namespace ducat::security {

struct PasswordHasherOptions {
  size_t threads = 1;
  size_t waiting = 128;  // hashes that wait or run before more are refused
  PasswordCost cost;
};

// Thread-safe. Tasks must have ended before it is destroyed; `stop` finishes those that were accepted.
class PasswordHasher {
 public:
  PasswordHasher(PasswordHasherOptions options, Random& random);

  // Resume on `home`. kUnavailable: too many wait already, or it is stopping.
  Task<Result<std::string>> hash(std::string password, Executor& home);
  // An empty hash is a user that does not exist: takes the same time and is false.
  Task<Result<bool>> verify(std::string password, std::string hash, Executor& home);

  void stop() { pool_.stop(); }

  bool outdated(std::string_view hash) const { return needs_rehash(hash, options_.cost); }

 private:
  const PasswordHasherOptions options_;
  Random& random_;
  std::string dummy_;  // a hash that no password gives
  BoundedPool pool_;
};

}  // namespace ducat::security
