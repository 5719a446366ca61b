// A dispatcher over the test contracts, with everything round it scripted.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/system.h"
#include "platform/rpc/dispatcher.h"
#include "platform/rpc/testing/fake_exchange.h"
#include "rpc_testing.pb.h"

namespace ducat::rpc::testing {

inline const FakeExchange::Headers kJson = {{"Content-Type", "application/json"}};

class FixedClock final : public Clock {
 public:
  Timestamp now() override { return {1'767'323'045'678'000}; }
  Timestamp monotonic() override { return {1'000'000}; }
};

// Lets in whoever says "Bearer good".
class TokenAuthenticator final : public Authenticator {
 public:
  std::expected<Caller, ApiError> authenticate(const http::Request& request,
                                               const AccessRule& rule) override {
    last_permission = rule.permission;
    if (rule.open) return Caller{};
    if (request.header("authorization") != "Bearer good") return std::unexpected(unauthorized());
    Caller user;
    user.id = "user-1";
    user.anonymous = false;
    return user;
  }
  std::string last_permission;
};

class ScriptedLimiter final : public RateLimiter {
 public:
  RateDecision admit(const RateKey& key, Timestamp) override {
    keys.push_back(std::string(key.rate_class) + "|" + std::string(key.client) + "|" +
                   std::string(key.route) + "|" + std::string(key.entity));
    if (key.rate_class == refuse) return {false, 10, 0, 60, 42, 7};
    return {true, key.entity.empty() ? 100 : 10, key.entity.empty() ? 50 : 9, 60, 30, 0};
  }
  std::string refuse;
  std::vector<std::string> keys;
};

class RecordingObserver final : public Observer {
 public:
  void answered(std::string_view route, int status, Duration) override {
    seen.push_back(std::string(route) + " " + std::to_string(status));
  }
  void failed(std::string_view, std::string_view, const ApiError& error) override {
    causes.push_back(error.cause);
  }
  std::vector<std::string> seen;
  std::vector<std::string> causes;
};

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    registry.bind<NamedRequest, Thing>("ducat.rpc.testing.ThingService.Make",
                                       [this](const NamedRequest& r, CallContext& c) { return make(r, c); });
    registry.bind<ThingRequest, Thing>("ducat.rpc.testing.ThingService.Get",
                                       [](const ThingRequest& r, CallContext&) { return get(r); });
    registry.bind<ThingRequest, Nothing>("ducat.rpc.testing.ThingService.Remove",
                                         [](const ThingRequest&, CallContext&) { return nothing(); });
    registry.bind<Everything, Everything>("ducat.rpc.testing.FeedService.Add",
                                          [this](const Everything& e, CallContext& c) { return add(e, c); });
    registry.bind<Listing, Items>("ducat.rpc.testing.FeedService.List",
                                  [this](const Listing& l, CallContext&) { return list(l); });
    registry.bind<Nothing, Nothing>("ducat.rpc.testing.FeedService.Ping",
                                    [](const Nothing&, CallContext&) { return nothing(); });
    files.add("/page", {"text/html; charset=utf-8", "<p>page</p>", "default-src 'self'"});
  }

  Task<Reply<testing::Thing>> make(const testing::NamedRequest& request, CallContext& context) {
    key = context.idempotency_key;
    caller = context.caller.id;
    dry = request.dry();
    if (other_thread) co_await resume_on(*other_thread);
    if (refusal) co_return std::unexpected(*refusal);
    context.out.replayed = replayed;
    context.out.has_stored_body = !stored.empty();
    context.out.stored_body = stored;
    testing::Thing thing;
    thing.set_id(request.id());
    thing.set_amount(request.amount());
    co_return thing;
  }
  static Task<Reply<testing::Thing>> get(const testing::ThingRequest& request) {
    testing::Thing thing;
    thing.set_id(request.id());
    thing.set_amount(std::to_string(request.limit()));
    co_return thing;
  }
  static Task<Reply<testing::Nothing>> nothing() { co_return testing::Nothing(); }
  Task<Reply<testing::Everything>> add(const testing::Everything& request, CallContext& context) {
    key = context.idempotency_key;
    if (refusal) co_return std::unexpected(*refusal);
    co_return request;
  }
  Task<Reply<testing::Items>> list(const testing::Listing& request) {
    listing = request;
    testing::Items items;
    items.add_items()->set_type("x");
    co_return items;
  }

  Dispatcher& dispatcher() {
    if (!made) {
      options.clock = &clock;
      options.random = &random;
      options.observer = &observer;
      made = std::make_unique<Dispatcher>(registry, files, options);
    }
    return *made;
  }
  http::Response call(std::string method, std::string target, std::string body = {},
                      FakeExchange::Headers headers = kJson) {
    FakeExchange exchange(io, std::move(method), std::move(target), std::move(body), std::move(headers));
    dispatcher().handle(exchange);
    return exchange.wait();
  }
  // As development, where ThingService.Make is open.
  void open_up() { options.authenticator = &development; }

  FixedClock clock;
  SystemRandom random;
  ClosedAuthenticator closed;
  DevelopmentAuthenticator development{closed};
  RecordingObserver observer;
  Registry registry;
  StaticRoutes files;
  DispatcherOptions options;
  std::unique_ptr<Dispatcher> made;

  std::string key, caller, stored;
  bool dry = false, replayed = false;
  std::optional<ApiError> refusal;
  testing::Listing listing;
  Executor* other_thread = nullptr;
  ThreadExecutor io{"io"};  // the exchanges' own; last, since its work uses the rest
};

}  // namespace ducat::rpc::testing
