// See password_hasher.h.
#include "platform/security/password_hasher.h"

#include <sys/resource.h>

namespace ducat::security {
namespace {

constexpr int kNiceness = 5;

// Linux keeps the niceness of each thread apart. That it cannot be lowered changes nothing but the speed of
// others.
void be_nice() {
  thread_local bool done = false;
  if (std::exchange(done, true)) return;
  (void)setpriority(PRIO_PROCESS, 0, kNiceness);
}

}  // namespace

PasswordHasher::PasswordHasher(PasswordHasherOptions options, Random& random)
    : options_(options),
      random_(random),
      pool_("hasher", options.threads, options.waiting, Priority::kBackground) {
  std::string secret;
  for (int i = 0; i < 4; ++i) secret += std::to_string(random.next());
  dummy_ = hash_password(secret, options_.cost, random).value_or(std::string());
}

Task<Result<std::string>> PasswordHasher::hash(std::string password, Executor& home) {
  auto work = [this, password = std::move(password)] {
    be_nice();
    return hash_password(password, options_.cost, random_);
  };
  return pool_.run<std::string>(home, std::move(work));
}

Task<Result<bool>> PasswordHasher::verify(std::string password, std::string hash, Executor& home) {
  auto work = [this, password = std::move(password), hash = std::move(hash)]() -> Result<bool> {
    be_nice();
    const bool known = !hash.empty();
    return verify_password(password, known ? hash : dummy_) && known;
  };
  return pool_.run<bool>(home, std::move(work));
}

}  // namespace ducat::security
