// See password_hasher.h.
#include "platform/security/password_hasher.h"

#include <sys/resource.h>

namespace ducat::security {
namespace {

constexpr int kNiceness = 10;

// Linux keeps the niceness of each thread apart. That it cannot be lowered changes nothing but the speed of
// others.
void be_nice() {
  thread_local bool done = false;
  if (std::exchange(done, true)) return;
  (void)setpriority(PRIO_PROCESS, 0, kNiceness);
}

Error busy() {
  return {Errc::kUnavailable, "too many passwords wait to be hashed"};
}

}  // namespace

// One of the places in the queue, given back when it ends.
class PasswordHasher::Place {
 public:
  explicit Place(PasswordHasher& hasher) : hasher_(hasher) {
    granted_ = hasher.waiting_.fetch_add(1) < hasher.options_.waiting && !hasher.stopping_.load();
  }
  ~Place() { hasher_.waiting_.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool granted() const { return granted_; }

 private:
  PasswordHasher& hasher_;
  bool granted_;
};

PasswordHasher::PasswordHasher(PasswordHasherOptions options, Random& random)
    : options_(options), random_(random), threads_("hasher", std::max<size_t>(options.threads, 1)) {
  std::string secret;
  for (int i = 0; i < 4; ++i) secret += std::to_string(random.next());
  dummy_ = hash_password(secret, options_.cost, random).value_or(std::string());
}

PasswordHasher::~PasswordHasher() {
  stop();
}

void PasswordHasher::stop() {
  stopping_ = true;
  // Who has a place may still be on his way to the threads, which drop what is posted to them once they have
  // stopped.
  while (waiting_.load() > 0) std::this_thread::yield();
  threads_.stop();
}

Task<Result<std::string>> PasswordHasher::hash(std::string password, Executor& home) {
  Result<std::string> result = std::unexpected(busy());
  {
    Place place(*this);
    if (!place.granted()) co_return result;
    co_await resume_on(threads_);
    be_nice();
    result = hash_password(password, options_.cost, random_);
  }
  co_await resume_on(home);
  co_return result;
}

Task<Result<bool>> PasswordHasher::verify(std::string password, std::string hash, Executor& home) {
  bool matches = false;
  {
    Place place(*this);
    if (!place.granted()) co_return std::unexpected(busy());
    co_await resume_on(threads_);
    be_nice();
    const bool known = !hash.empty();
    matches = verify_password(password, known ? hash : dummy_) && known;
  }
  co_await resume_on(home);
  co_return matches;
}

}  // namespace ducat::security
