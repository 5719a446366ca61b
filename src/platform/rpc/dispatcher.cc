// See dispatcher.h.
#include "platform/rpc/dispatcher.h"

#include <google/protobuf/message.h>

#include "base/check.h"
#include "base/uuid.h"
#include "platform/http/status.h"
#include "platform/http/text.h"
#include "platform/rpc/field_value.h"
#include "platform/rpc/headers.h"
#include "platform/rpc/json_reader.h"
#include "platform/rpc/json_text.h"
#include "platform/rpc/json_writer.h"
#include "platform/rpc/parameters.h"

namespace ducat::rpc {
namespace {

constexpr std::string_view kUnknown = "unknown";
constexpr std::string_view kStatic = "static";
constexpr size_t kUsualBody = 256;  // bytes; a larger answer grows

CallContext make_context(const http::Request& request, Clock& clock, Random& random) {
  CallContext context;
  context.request = &request;
  context.now = clock.now();
  std::string_view id = request.header("x-request-id");
  context.request_id = valid_request_id(id) ? std::string(id) : make_uuid7(context.now, random).to_string();
  std::string_view trace = request.header("traceparent");
  context.traceparent = valid_traceparent(trace) ? std::string(trace) : make_traceparent(random);
  return context;
}

// The idempotency key of the request, or the violation.
std::expected<void, Violation> read_key(const http::Request& request, const RoutePlan& plan,
                                        CallContext& context) {
  if (!plan.idempotent) return {};
  std::string_view name = "Idempotency-Key";
  std::string_view value;
  size_t given = 0;
  for (const http::Header& header : request.headers) {
    if (!http::equals_ignoring_case(header.name, name)) continue;
    value = header.value;
    ++given;
  }
  // An empty key is a client's mistake that would leave it unprotected without a word; two are a riddle.
  if (given > 1 || (given == 1 && value.empty())) {
    return std::unexpected(Violation{std::string(name), "Idempotency-Key must be one key that is not empty",
                                     "header", "value_error"});
  }
  if (given == 0 && plan.request_id_is_key) {
    name = "X-Request-ID";
    value = request.header("x-request-id");
  }
  if (value.empty()) return {};
  auto key = parse_idempotency_key(value);
  if (!key) {
    return std::unexpected(Violation{std::string(name), std::string(name).append(1, ' ').append(key.error()),
                                     "header", "value_error"});
  }
  context.idempotency_key = std::move(*key);
  return {};
}

void read_path(const http::RouteMatch& match, const MessagePlan& plan, google::protobuf::Message& into,
               Violations& violations) {
  const Place root;
  for (const FieldPlan& field : plan.fields) {
    Place place{.up = &root, .name = field.name};
    std::string_view text = match.param(field.from_path);
    if (!valid_utf8(text)) {
      violations.add(place, "must be valid percent-encoded UTF-8");
    } else {
      store_parameter(field, text, place, into, violations);
    }
  }
}

void append_number_header(http::Response& response, std::string_view name, int64_t value) {
  response.headers.emplace_back(name, std::to_string(value));
}

// X-RateLimit-* and the IETF draft's RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers-08).
void add_rate_headers(CallContext& context, std::string_view rate_class, const RateDecision& decision) {
  auto& headers = context.out.headers;
  std::string name = "\"" + std::string(rate_class) + "\"";
  std::string remaining = std::to_string(decision.remaining);
  std::string reset = std::to_string(decision.reset_seconds);
  std::string limit = std::to_string(decision.limit);
  headers.emplace_back("RateLimit", name + ";r=" + remaining + ";t=" + reset);
  headers.emplace_back("RateLimit-Policy",
                       name + ";q=" + limit + ";w=" + std::to_string(decision.window_seconds));
  headers.emplace_back("X-RateLimit-Limit", std::move(limit));
  headers.emplace_back("X-RateLimit-Remaining", std::move(remaining));
  headers.emplace_back("X-RateLimit-Reset", std::move(reset));
}

ApiError too_many(const RateDecision& decision) {
  ApiError error = ApiError::of(429, "Rate limit exceeded. Try again later");
  error.type = "RateLimitExceededError";
  error.code = "TOO_MANY_REQUESTS";
  error.retry_after = std::max<int64_t>(decision.retry_after_seconds, 1);
  return error;
}

// {"id"} → :id is the router's business; it knows both.
void add_routes(const Registry& registry, http::Router& router) {
  for (size_t i = 0; i < registry.routes().size(); ++i) {
    const RoutePlan& plan = registry.routes()[i]->plan();
    for (const std::string& path : plan.paths) {
      Status added = router.add(plan.verb, path, static_cast<int>(i));
      DUCAT_CHECK(added.has_value(), "two methods of the contracts have the same route");
    }
  }
}

}  // namespace

// A request whose route is being looked for.
struct Dispatcher::Incoming {
  http::Exchange& exchange;
  const http::Request& request;
  const http::RouteMatch& match;
  CallContext context;
  Timestamp started;
};

Dispatcher::Dispatcher(const Registry& registry, const StaticRoutes& files, DispatcherOptions options)
    : registry_(registry), files_(files), options_(std::move(options)), cors_(options_.cors) {
  DUCAT_CHECK(options_.clock && options_.random, "a dispatcher has a clock and randomness");
  if (!options_.authenticator) options_.authenticator = &closed_;
  add_routes(registry_, router_);
}

void Dispatcher::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  thread_local http::RouteMatch match;  // kept for its memory; used only until the call has started
  Incoming in{exchange, request, match, make_context(request, *options_.clock, *options_.random),
              options_.clock->monotonic()};
  http::Router::Found found = router_.find(request.method, request.path, match);
  if (found == http::Router::Found::kRoute) {
    serve(in, *registry_.routes()[static_cast<size_t>(match.route_id)]);
  } else {
    answer_unknown(in, found);
  }
}

void Dispatcher::serve(Incoming& in, const Route& route) {
  const RoutePlan& plan = route.plan();
  if (auto admitted = admit(in, plan); !admitted) {
    return send(in.exchange, in.context, failure(admitted.error(), plan.style, in.request.target), plan.name,
                in.started);
  }
  std::unique_ptr<Call> call = route.take();
  call->context = std::move(in.context);
  call->context.executor = &in.exchange.executor();
  call->exchange = &in.exchange;
  call->owner = this;
  call->thread = std::this_thread::get_id();
  call->started = in.started;
  call->body_size = in.request.body.size();
  if (auto good = read(in, plan, *call); !good) {
    send(in.exchange, call->context, failure(good.error(), plan.style, in.request.target), plan.name,
         in.started);
    return route.give_back(std::move(call));
  }
  call.release()->run(&Dispatcher::finished);
}

std::expected<void, ApiError> Dispatcher::admit(Incoming& in, const RoutePlan& plan) {
  auto caller = options_.authenticator->authenticate(in.request, plan.access());
  if (!caller) return std::unexpected(std::move(caller.error()));
  in.context.caller = std::move(*caller);
  if (!options_.rate_limiter) return {};

  std::string_view client =
      in.context.caller.anonymous ? in.request.client : std::string_view(in.context.caller.id);
  RateKey key{plan.rate_class, client, plan.name, {}};
  RateDecision decision = options_.rate_limiter->admit(key, in.started);
  if (decision.allowed && !plan.entity_rate_class.empty()) {
    RateKey entity{plan.entity_rate_class, client, plan.name, in.match.param(plan.rate_entity)};
    RateDecision second = options_.rate_limiter->admit(entity, in.started);
    // The headers speak of whichever is used up first.
    if (second.limit && (!decision.limit || !second.allowed || second.remaining < decision.remaining)) {
      decision = second;
      key = entity;
    }
  }
  if (decision.limit) add_rate_headers(in.context, key.rate_class, decision);
  if (!decision.allowed) return std::unexpected(too_many(decision));
  return {};
}

std::expected<void, ApiError> Dispatcher::read(const Incoming& in, const RoutePlan& plan, Call& call) const {
  const http::Request& request = in.request;
  Violations violations("path");
  read_path(in.match, plan.path, call.request(), violations);
  violations.set_source("query");
  if (!plan.query.fields.empty()) read_query(request.query, plan.query, call.request(), violations);
  if (plan.has_body) {
    if (!request.body.empty() && !is_json_media_type(request.header("content-type"))) {
      return std::unexpected(ApiError::of(415, "Content-Type must be application/json"));
    }
    violations.set_source("body");
    std::string_view problem = read_json(request.body, plan.body, call.request(), violations);
    if (!problem.empty()) return std::unexpected(ApiError::of(400, std::string(problem)));
  }
  std::vector<Violation> broken = violations.take();
  if (auto key = read_key(request, plan, call.context); !key) broken.push_back(std::move(key.error()));
  if (!broken.empty()) return std::unexpected(ApiError::invalid(std::move(broken), plan.validation_status));
  return {};
}

void Dispatcher::answer_unknown(Incoming& in, http::Router::Found found) {
  const http::Request& request = in.request;
  const bool reading = request.method == "GET" || request.method == "HEAD";
  const bool file = found == http::Router::Found::kNotFound && files_.has(request.path);
  if (file && reading) return send(in.exchange, in.context, files_.answer(request), kStatic, in.started);
  if (file || found == http::Router::Found::kMethodNotAllowed) {
    std::string allow = file ? "GET, HEAD, OPTIONS" : in.match.allow;
    if (request.method == "OPTIONS") {
      return send(in.exchange, in.context, cors_.preflight(request, std::move(allow)), kUnknown, in.started);
    }
    in.context.out.headers.emplace_back("Allow", std::move(allow));
    const Route* route = any_route(request.path);
    Style style = route ? route->plan().style : Style::kEnvelope;
    http::Response response = failure(ApiError::of(405), style, request.target);
    return send(in.exchange, in.context, std::move(response), kUnknown, in.started);
  }
  ApiError error = found == http::Router::Found::kBadPath
                       ? ApiError::of(400, "The path is not validly encoded")
                       : ApiError::of(404, "Route not found");
  send(in.exchange, in.context, failure(error, Style::kEnvelope, request.target), kUnknown, in.started);
}

// The handler may have ended on any thread; the exchange belongs to its own.
void Dispatcher::finished(Call& call) {
  auto* self = static_cast<Dispatcher*>(call.owner);
  std::unique_ptr<Call> owned(&call);
  if (call.thread == std::this_thread::get_id()) return self->complete(std::move(owned));
  Executor& executor = call.exchange->executor();
  executor.post([self, moved = std::move(owned)]() mutable { self->complete(std::move(moved)); });
}

void Dispatcher::complete(std::unique_ptr<Call> call) {
  const Route& route = *call->route;
  const RoutePlan& plan = route.plan();
  std::string_view target = call->exchange->request().target;
  if (!call->response() && call->error().status >= 500 && options_.observer) {
    options_.observer->failed(plan.name, call->context.request_id, call->error());
  }
  http::Response response =
      call->response() ? success(*call, plan) : failure(call->error(), plan.style, target);
  send(*call->exchange, call->context, std::move(response), plan.name, call->started);
  route.give_back(std::move(call));
}

http::Response Dispatcher::success(Call& call, const RoutePlan& plan) const {
  CallContext::Out& out = call.context.out;
  http::Response response;
  response.status = out.status ? out.status : plan.success_status;
  if (response.status == 204 || response.status == 304) return response;
  if (!out.text_type.empty()) {
    response.content_type = out.text_type;
    response.body = std::move(out.text);
    return response;
  }
  const bool envelope = plan.style == Style::kEnvelope;
  if (!envelope && out.has_stored_body) {
    response.body = std::move(out.stored_body);
    return response;
  }
  response.body.reserve(kUsualBody);
  if (envelope) response.body.append(R"({"success":true,"data":)");
  if (out.has_stored_body) {
    response.body.append(out.stored_body);
  } else {
    append_json(response.body, *plan.response, *call.response());
  }
  if (envelope) {
    response.body.append(R"(,"timestamp":")");
    append_iso8601(response.body, options_.clock->now());
    response.body.append(R"(","path":)");
    append_target(response.body, call.exchange->request().target);
    response.body.push_back('}');
  }
  return response;
}

http::Response Dispatcher::failure(const ApiError& error, Style style, std::string_view target) const {
  http::Response response;
  response.status = error.status;
  append_error(response.body, style, error, target, options_.clock->now());
  if (error.retry_after > 0) append_number_header(response, "Retry-After", error.retry_after);
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void Dispatcher::send(http::Exchange& exchange, CallContext& context, http::Response response,
                      std::string_view route, Timestamp started) {
  const int status = response.status;
  response.headers.reserve(response.headers.size() + context.out.headers.size() + 6);
  for (auto& header : context.out.headers) response.headers.push_back(std::move(header));
  if (context.out.replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  cors_.add_headers(exchange.request(), response);
  response.headers.emplace_back("X-Request-ID", std::move(context.request_id));
  response.headers.emplace_back("traceparent", std::move(context.traceparent));
  exchange.respond(std::move(response));  // the request is gone from here on
  if (options_.observer) options_.observer->answered(route, status, options_.clock->monotonic() - started);
}

const Route* Dispatcher::any_route(std::string_view path) const {
  http::RouteMatch match;
  for (std::string_view verb : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    if (router_.find(verb, path, match) == http::Router::Found::kRoute) {
      return registry_.routes()[static_cast<size_t>(match.route_id)].get();
    }
  }
  return nullptr;
}

http::Response Dispatcher::make_error(int status, std::string_view target) const {
  const Route* route = any_route(target.substr(0, target.find('?')));
  http::Response response =
      failure(ApiError::of(status), route ? route->plan().style : Style::kEnvelope, target);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  response.headers.emplace_back("X-Request-ID",
                                make_uuid7(options_.clock->now(), *options_.random).to_string());
  return response;
}

}  // namespace ducat::rpc
