// See front.h.
#include "app/front.h"

#include "base/hash.h"
#include "platform/telemetry/logger.h"

namespace ducat::app {
namespace {

security::Limit a_minute(int64_t count) {
  return {static_cast<uint32_t>(count), Duration::seconds(60)};
}

std::string_view status_class(int status) {
  constexpr std::string_view kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  return kClasses[std::min(std::max(status / 100, 1), 5) - 1];
}

}  // namespace

ConfiguredRateLimiter::ConfiguredRateLimiter(const config::Settings& settings, Random& random)
    : enabled_(settings.boolean("ratelimit.enabled")),
      default_(a_minute(settings.integer("ratelimit.default"))),
      withdrawals_(a_minute(settings.integer("ratelimit.withdrawals"))),
      seed_(random.next()) {}

security::Limit ConfiguredRateLimiter::limit_of(std::string_view rate_class) const {
  if (rate_class == rpc::kDefaultRateClass) return default_;
  if (rate_class == rpc::kWithdrawalRateClass) return withdrawals_;
  return {};  // "health": orchestrators ask as often as they like
}

rpc::RateDecision ConfiguredRateLimiter::admit(const rpc::RateKey& key, Timestamp now) {
  security::Limit limit = enabled_ ? limit_of(key.rate_class) : security::Limit{};
  if (limit.count == 0) return {};
  uint64_t hash = hash64(key.entity, hash64(key.route, hash64(key.client, seed_)));
  security::Decision decision = limiter_.check(key.rate_class, hash, limit, now);
  return {decision.allowed,       decision.limit,
          decision.remaining,     limit.window.micros / 1'000'000,
          decision.reset_seconds, decision.retry_after_seconds};
}

// Cells are looked up once for each thread and route: the route's name lives as long as the dispatcher, so
// its address names it.
MetricsObserver::Cell& MetricsObserver::cell(std::string_view route, int status) {
  struct Key {
    const void* observer;
    const char* route;
    int status;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const {
      return reinterpret_cast<uintptr_t>(key.route) * 31 + static_cast<size_t>(key.status);
    }
  };
  thread_local std::unordered_map<Key, Cell, Hash> cells;
  auto [place, fresh] = cells.try_emplace(Key{this, route.data(), status / 100});
  if (fresh) {
    std::string name = "ducat_" + std::string(door_);
    metrics::Labels labels = {{"route", route}, {"status", status_class(status)}};
    place->second = {
        registry_.counter(name + "_requests_total", "Requests answered", labels),
        registry_.time_histogram(name + "_request_seconds", "From the request to its answer", labels)};
  }
  return place->second;
}

void MetricsObserver::answered(std::string_view route, int status, Duration took) {
  Cell& found = cell(route, status);
  found.count.add();
  found.time.observe(took);
}

void MetricsObserver::failed(std::string_view route, std::string_view request_id,
                             const rpc::ApiError& error) {
  log::error(
      std::string(door_) + ".failed",
      {{"route", route}, {log::kRequestId, request_id}, {"status", error.status}, {"cause", error.cause}});
}

void Front::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (!open_.load(std::memory_order_acquire)) return exchange.respond(inner_.make_error(503, request.target));
  bool asks_metrics = request.path == "/metrics" && (request.method == "GET" || request.method == "HEAD");
  if (!asks_metrics || !metrics_open_) return inner_.handle(exchange);
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = registry_.render();
  exchange.respond(std::move(response));
}

}  // namespace ducat::app
