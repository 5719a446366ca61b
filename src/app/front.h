// Adapters between the platform's interfaces and this process: rate limits from the settings, what is
// observed of answers, and the routes that are no contract's (/metrics).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/random.h"
#include "platform/config/settings.h"
#include "platform/http/message.h"
#include "platform/rpc/dispatcher.h"
#include "platform/security/rate_limit.h"
#include "platform/telemetry/metrics.h"

namespace ducat::app {

// The contract's classes with the configured limits. Thread-safe.
class ConfiguredRateLimiter final : public rpc::RateLimiter {
 public:
  ConfiguredRateLimiter(const config::Settings& settings, Random& random);
  rpc::RateDecision admit(const rpc::RateKey& key, Timestamp now) override;

 private:
  security::Limit limit_of(std::string_view rate_class) const;

  bool enabled_;
  security::Limit default_;
  security::Limit withdrawals_;
  uint64_t seed_;  // so that nobody can choose whom he shares a count with
  security::RateLimiter limiter_;
};

// Counts and times answers by route and status; logs failures. Thread-safe.
class MetricsObserver final : public rpc::Observer {
 public:
  // `door`: "http" or "rpc", in the metrics' names and the log. A constant.
  MetricsObserver(metrics::Registry& registry, std::string_view door) : registry_(registry), door_(door) {}
  void answered(std::string_view route, int status, Duration took) override;
  void failed(std::string_view route, std::string_view request_id, const rpc::ApiError& error) override;

 private:
  struct Cell {
    metrics::Counter count;
    metrics::Histogram time;
  };
  Cell& cell(std::string_view route, int status);

  metrics::Registry& registry_;
  std::string_view door_;
};

// Answers /metrics itself and hands everything else to the dispatcher; 503 to all until the process serves.
class Front final : public http::Handler {
 public:
  Front(rpc::Dispatcher& inner, const metrics::Registry& registry, bool metrics_open)
      : inner_(inner), registry_(registry), metrics_open_(metrics_open) {}
  void handle(http::Exchange& exchange) override;
  void open() { open_.store(true, std::memory_order_release); }

 private:
  rpc::Dispatcher& inner_;
  const metrics::Registry& registry_;
  bool metrics_open_;
  std::atomic<bool> open_{false};
};

}  // namespace ducat::app
