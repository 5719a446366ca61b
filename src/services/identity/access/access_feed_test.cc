// One process is told, the other one knows.
#include "services/identity/access/access_feed.h"

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "clients/local_invoker.h"
#include "services/identity/access/access_follower.h"

namespace ducat::identity {
namespace {

using Kind = AccessChange::Kind;

// The other process is in this one, but behind the same messages.
class AccessFeedTest : public ::testing::Test {
 protected:
  AccessFeedTest() { new_life(); }
  ~AccessFeedTest() override {
    if (follower) follower->stop();
    timers.reset();
  }

  // The identity service's process starts (again): another epoch, versions from the beginning.
  void new_life() {
    told = std::make_unique<AccessRegistry>(AccessRegistryOptions{});
    feeds.push_back(std::make_unique<AccessFeed>(*told, clock, random, *timers));
    registries.push_back(std::make_unique<rpc::Registry>());
    feeds.back()->bind(*registries.back());
    std::lock_guard lock(way.mutex);
    ways.push_back(std::make_unique<clients::LocalInvoker>(*registries.back()));
    way.now = ways.back().get();
  }
  void follow() {
    follower = make_access_follower({way, known, clock, random, *timers});
    ASSERT_TRUE(follower->start());
  }
  // Whether a change of now counted elsewhere when `spread` ended; its time is at most that of a timer more.
  bool is_known_after_spread(const std::string& hash) {
    ThreadExecutor home("home");
    told->apply(key(hash));
    std::promise<bool> known_then;
    start(feeds.back()->spread(home), [&] { known_then.set_value(knows(hash)); });
    return known_then.get_future().get();
  }
  static bool soon(const std::function<bool()>& condition) {
    SystemClock clock;
    Timestamp end = clock.monotonic() + Duration::seconds(10);
    while (!condition() && clock.monotonic() < end) std::this_thread::yield();
    return condition();
  }
  AccessChange key(const std::string& hash, size_t scopes = 1) {
    AccessChange change{Kind::kKeyAdded, hash, clock.now(), 0, {}, {}};
    change.holder.user_id = "ann";
    change.holder.roles = RoleSet(Role::kAuditor);
    change.holder.scopes.assign(scopes, std::string(40, 's'));
    change.holder.expires_at = clock.now() + Duration::seconds(1000);
    return change;
  }
  bool knows(const std::string& hash) const { return known.find_key(hash, Timestamp{1}).has_value(); }

  // Which life of the other process calls go to; none: it is away.
  struct Way final : rpc::Invoker {
    Task<std::expected<void, rpc::ApiError>> invoke(std::string_view method,
                                                    const google::protobuf::Message& request,
                                                    google::protobuf::Message& response,
                                                    rpc::CallContext& context) override {
      rpc::Invoker* to = nullptr;
      {
        std::lock_guard lock(mutex);
        to = now;
      }
      if (to) return to->invoke(method, request, response, context);
      return away();
    }
    static Task<std::expected<void, rpc::ApiError>> away() {
      co_return std::unexpected(rpc::ApiError::of(503));
    }
    std::mutex mutex;
    rpc::Invoker* now = nullptr;
  };

  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<ThreadTimers> timers = std::make_unique<ThreadTimers>();
  std::unique_ptr<AccessRegistry> told;
  std::vector<std::unique_ptr<AccessFeed>> feeds;
  std::vector<std::unique_ptr<rpc::Registry>> registries;
  std::vector<std::unique_ptr<clients::LocalInvoker>> ways;
  Way way;
  AccessRegistry known{AccessRegistryOptions{}};
  std::unique_ptr<Module> follower;
};

TEST_F(AccessFeedTest, WhatWasBeforeAndWhatComesIsKnownElsewhere) {
  told->apply(key("before"));
  follow();
  EXPECT_TRUE(follower->health().ready);
  ASSERT_TRUE(knows("before"));
  auto holder = known.find_key("before", Timestamp{1});
  EXPECT_EQ(holder->user_id, "ann");
  EXPECT_EQ(holder->roles, RoleSet(Role::kAuditor));
  EXPECT_EQ(holder->scopes.size(), 1U);
  EXPECT_TRUE(holder->expires_at);
  told->apply(key("later"));
  EXPECT_TRUE(soon([&] { return knows("later"); }));
  told->apply({Kind::kKeyRemoved, "before", clock.now(), 0, {}, {}});
  EXPECT_TRUE(soon([&] { return !knows("before"); }));
}

TEST_F(AccessFeedTest, WhatIsSpreadCountsElsewhere) {
  follow();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_known_after_spread("k-" + std::to_string(i)));
}

TEST_F(AccessFeedTest, NobodyWaitsForWhoIsGone) {
  follow();
  ASSERT_TRUE(is_known_after_spread("first"));
  {
    std::lock_guard lock(way.mutex);
    way.now = nullptr;
  }
  Timestamp begin = clock.monotonic();
  (void)is_known_after_spread("second");  // a call that was under way may still bring it
  EXPECT_LT(clock.monotonic() - begin, AccessFeed::kSpread);
  begin = clock.monotonic();
  EXPECT_FALSE(is_known_after_spread("third"));
  EXPECT_LT(clock.monotonic() - begin, AccessFeed::kGone) << "it is not waited for again";
}

TEST_F(AccessFeedTest, WithoutWatchersNothingIsWaitedFor) {
  Timestamp begin = clock.monotonic();
  EXPECT_FALSE(is_known_after_spread("alone"));
  EXPECT_LT(clock.monotonic() - begin, AccessFeed::kGone);
}

TEST_F(AccessFeedTest, EndedSessionsAndUsersCountElsewhere) {
  follow();
  security::Claims session, user;
  session.session = "s-1";
  user.subject = "u-1";
  user.session = "s-2";
  EXPECT_FALSE(known.has_ended(session));
  told->apply({Kind::kSessionEnded, "s-1", clock.now(), 0, {}, {}});
  EXPECT_TRUE(soon([&] { return known.has_ended(session); }));
  told->apply({Kind::kUserEnded, "u-1", clock.now(), 5, "s-3", {}});
  EXPECT_TRUE(soon([&] { return known.has_ended(user); }));
  user.session = "s-3";
  EXPECT_FALSE(known.has_ended(user)) << "the session that was kept";
}

TEST_F(AccessFeedTest, ALongSnapshotComesInParts) {
  for (int i = 0; i < 300; ++i) told->apply(key("k-" + std::to_string(i), 500));  // about 6 MB
  follow();
  EXPECT_TRUE(follower->health().ready);
  EXPECT_EQ(known.keys(), 300U);
}

TEST_F(AccessFeedTest, AfterARestartOfTheOtherAKeyThatIsGoneIsGone) {
  told->apply(key("old"));
  told->apply(key("kept"));
  follow();
  ASSERT_TRUE(knows("old"));
  std::unique_ptr<AccessRegistry> before = std::move(told);
  new_life();
  told->apply(key("kept"));
  told->apply(key("new"));  // the same version as before, of another epoch
  EXPECT_TRUE(soon([&] { return knows("new"); }));
  EXPECT_TRUE(soon([&] { return !knows("old"); }));
  EXPECT_TRUE(knows("kept"));
  follower->stop();
  follower.reset();
}

TEST_F(AccessFeedTest, IsNotReadyBeforeItHasHeard) {
  rpc::Invoker* there = std::exchange(way.now, nullptr);
  follow();
  EXPECT_FALSE(follower->health().ready);
  {
    std::lock_guard lock(way.mutex);
    way.now = there;
  }
  EXPECT_TRUE(soon([&] { return follower->health().ready; }));
}

}  // namespace
}  // namespace ducat::identity
