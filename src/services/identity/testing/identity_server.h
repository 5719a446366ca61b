// An identity host on a test's databases, asked as a caller would: every call waits for its answer. Time
// stands in the test's hand, hashes are cheap.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/system.h"
#include "kernel/testing/backends.h"
#include "services/identity/access/authenticator.h"
#include "services/identity/identity_host.h"
#include "services/identity/store/tables.h"

namespace ducat::identity::testing {

using kernel::testing::Backend;

// Thread-safe.
class TestClock final : public Clock {
 public:
  Timestamp now() override { return {now_.load()}; }
  Timestamp monotonic() override { return system_.monotonic(); }
  void jump(Duration by) { now_ += by.micros; }

 private:
  SystemClock system_;
  std::atomic<int64_t> now_{1'800'000'000'000'000};
};

class IdentityServer {
 public:
  // Other `tables` on the same journal: they are made from it.
  IdentityServer(Backend& backend, TestClock& clock, uint32_t memory_kib = 64,
                 const std::string& tables = "identity")
      : clock_(clock) {
    IdentityHostOptions options;
    options.host.name = "identity";
    options.host.journal = backend.target("identity", true);
    options.host.tables = backend.target(tables, false);
    options.host.engine.lease.holder = "test";
    options.model.users_in_memory = 8;  // so that tables are read, too
    options.model.sessions_in_memory = 8;
    options.hasher.cost = {.memory_kib = memory_kib, .passes = 1, .lanes = 1};
    // The database server lets the sessions of an earlier host go in its own time.
    SystemClock system;
    for (Timestamp give_up = system.monotonic() + Duration::seconds(5);;) {
      host_ = std::make_unique<IdentityHost>(
          options, IdentityHost::Ports{tokens_, registry_, clock_, random_, *timers_});
      started_ = host_->start();
      if (started_ || started_.error().code != Errc::kBusy || system.monotonic() > give_up) return;
      host_->stop();
      timers_ = std::make_unique<ThreadTimers>();
    }
  }
  ~IdentityServer() { stop(); }

  void stop() {
    if (!host_) return;
    host_->stop();
    home_.stop();
    timers_.reset();
    host_.reset();
  }
  const Status& started() const { return started_; }

  template <typename T>
  static T get(Task<T> task) {
    std::promise<T> done;
    start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
    return done.get_future().get();
  }

  Outcome<TokenPair> sign_up(std::string username, std::string email,
                             std::string password = "correct horse") {
    NewAccount account;
    account.username = std::move(username);
    account.email = std::move(email);
    account.password = std::move(password);
    return get(service().sign_up(std::move(account), {}, home_));
  }
  Outcome<TokenPair> sign_in(std::string name, std::string password = "correct horse",
                             std::string code = {}) {
    return get(service().sign_in({std::move(name), std::move(password), std::move(code)}, {}, home_));
  }
  Outcome<TokenPair> refresh(const std::string& token) { return get(service().refresh(token, {}, home_)); }
  std::optional<User> find(const std::string& name) {
    auto found = get(service().find(name, home_));
    EXPECT_TRUE(found.has_value());
    return found ? *found : std::nullopt;
  }
  static Origin origin_of(const TokenPair& pair) {
    return {"::1", "test", "req-1", pair.user.id.to_string()};
  }

  // Whether an access token is let in by a route that asks for this permission; the status otherwise.
  int ask(const std::string& token, std::string_view permission = "wallet:read") {
    const std::string value = "Bearer " + token;
    return ask(http::Header{"Authorization", value}, permission);
  }
  int ask_with_key(const std::string& key, std::string_view permission = "wallet:read") {
    return ask(http::Header{"X-API-Key", key}, permission);
  }

  // All messages, once there are so many: the journal's readers hear of a record a moment after its callers
  // do.
  std::vector<broker::Message> audit(size_t count) {
    std::vector<broker::Message> messages;
    EXPECT_TRUE(kernel::testing::eventually([&] {
      auto chunk = host_->audit_messages().read(0, 1000, {});
      EXPECT_TRUE(chunk.has_value());
      messages.clear();
      for (auto& numbered : chunk->messages) messages.push_back(std::move(numbered.message));
      return messages.size() >= count;
    })) << messages.size()
        << " of " << count;
    return messages;
  }

  IdentityService& service() { return host_->service(); }
  IdentityHost& host() { return *host_; }
  AccessRegistry& registry() { return registry_; }
  const security::TokenSigner& tokens() const { return tokens_; }
  Clock& clock() { return clock_; }
  Random& random() { return random_; }
  Executor& home() { return home_; }

 private:
  int ask(http::Header header, std::string_view permission) {
    http::Request request;
    request.headers = {&header, 1};
    Authenticator authenticator(tokens_, registry_, clock_);
    auto caller = authenticator.authenticate(request, {.permission = permission});
    return caller ? 200 : caller.error().status;
  }

  TestClock& clock_;
  SystemRandom random_;
  security::TokenSigner tokens_{"a-secret-of-at-least-32-characters", "ducat", "ducat"};
  AccessRegistry registry_{{}};
  std::unique_ptr<ThreadTimers> timers_ = std::make_unique<ThreadTimers>();
  std::unique_ptr<IdentityHost> host_;
  Status started_;
  ThreadExecutor home_{"home"};
};

}  // namespace ducat::identity::testing
