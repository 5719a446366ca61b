// The way of every request: route, caller, rate limit, validation, handler, answer. An http::Handler for the
// server; handlers are a Registry's.
//
// Order: an unknown route is 404 before 401, a caller is known before he is counted, and counted before his
// request is read; so nobody learns a contract's rules by guessing, and what is refused costs little.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "platform/http/message.h"
#include "platform/http/router.h"
#include "platform/rpc/authenticator.h"
#include "platform/rpc/cors.h"
#include "platform/rpc/rate_limiter.h"
#include "platform/rpc/registry.h"
#include "platform/rpc/static_routes.h"

namespace ducat::rpc {

// Hears of every answer, on the exchange's thread. Thread-safe; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  // `route` is "POST /v1/wallet/{id}/deposit", "static" or "unknown", and lives as long as the dispatcher.
  virtual void answered(std::string_view route, int status, Duration took) = 0;
  // An answer of 500 and above: `error.cause` says why.
  virtual void failed(std::string_view route, std::string_view request_id, const ApiError& error) = 0;
};

struct DispatcherOptions {
  Clock* clock = nullptr;
  Random* random = nullptr;                // shared between threads
  Authenticator* authenticator = nullptr;  // null: only open routes are let through
  RateLimiter* rate_limiter = nullptr;     // null: no limits
  Observer* observer = nullptr;            // null: nobody listens
  CorsOptions cors;
};

// What `options` and `registry` point to outlives the dispatcher, and the dispatcher the server and every
// call. Thread-safe once made; the registry and the static routes are complete by then.
class Dispatcher final : public http::Handler {
 public:
  Dispatcher(const Registry& registry, const StaticRoutes& files, DispatcherOptions options);

  void handle(http::Exchange& exchange) override;

  // The answer to what never reaches `handle` (ServerOptions::make_error), in the style of the target's
  // route.
  http::Response make_error(int status, std::string_view target) const;

 private:
  struct Incoming;

  void serve(Incoming& in, const Route& route);
  std::expected<void, ApiError> admit(Incoming& in, const RoutePlan& plan);
  std::expected<void, ApiError> read(const Incoming& in, const RoutePlan& plan, Call& call) const;
  void answer_unknown(Incoming& in, http::Router::Found found);
  static void finished(Call& call);
  void complete(std::unique_ptr<Call> call);
  http::Response success(Call& call, const RoutePlan& plan) const;
  http::Response failure(const ApiError& error, Style style, std::string_view target) const;
  // Adds the common headers and sends it.
  void send(http::Exchange& exchange, CallContext& context, http::Response response, std::string_view route,
            Timestamp started);
  // Any method's route at the path, for the style of an error; null for none.
  const Route* any_route(std::string_view path) const;

  const Registry& registry_;
  const StaticRoutes& files_;
  DispatcherOptions options_;
  ClosedAuthenticator closed_;
  Cors cors_;
  http::Router router_;
};

}  // namespace ducat::rpc
