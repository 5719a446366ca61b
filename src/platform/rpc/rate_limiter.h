// What the dispatcher asks before it lets a request through. platform/security counts; the app joins the two
// and knows the classes' limits from the configuration.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace ducat::rpc {

// The classes the contracts name without further words: 100 a minute for each client and route, and 10
// withdrawals a minute for each client and wallet. A limit of 0 turns a class off.
constexpr std::string_view kDefaultRateClass = "default";
constexpr std::string_view kWithdrawalRateClass = "withdrawals";

struct RateLimit {
  int64_t count = 0;  // 0: none
  int64_t window_seconds = 60;
};
constexpr RateLimit kDefaultRateLimit{100, 60};
constexpr RateLimit kWithdrawalRateLimit{10, 60};

// Who does what. Views live during the call.
struct RateKey {
  std::string_view rate_class;
  std::string_view client;  // the caller's id, or the address of one who has none
  std::string_view route;   // "POST /v1/wallet/{id}/withdraw"
  std::string_view entity;  // the wallet of a class that counts by entity; else empty
};

// Seconds are rounded up, so that who waits so long is let in.
struct RateDecision {
  bool allowed = true;
  int64_t limit = 0;  // 0: the class has no limit, and no header says anything
  int64_t remaining = 0;
  int64_t window_seconds = 60;
  int64_t reset_seconds = 0;
  int64_t retry_after_seconds = 0;
};

// Thread-safe; must not block; cannot fail.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // Counts one request if it is allowed. `now` is monotonic.
  virtual RateDecision admit(const RateKey& key, Timestamp now) = 0;
};

}  // namespace ducat::rpc
