// What ends access, and how it reaches other processes.
#include <gtest/gtest.h>

#include "services/identity/access/access_registry.h"

namespace ducat::identity {
namespace {

using Kind = AccessChange::Kind;
constexpr Timestamp kNow{1'800'000'000'000'000};

security::Claims token(std::string session, int64_t generation = 0, Timestamp issued = kNow) {
  security::Claims claims;
  claims.subject = "u1";
  claims.session = std::move(session);
  claims.generation = generation;
  claims.issued_at = issued;
  return claims;
}

AccessChange session_ended(std::string session, Timestamp at = kNow) {
  return {Kind::kSessionEnded, std::move(session), at, 0, {}, {}};
}
AccessChange user_ended(int64_t generation, std::string kept = {}, Timestamp at = kNow) {
  return {Kind::kUserEnded, "u1", at, generation, std::move(kept), {}};
}
AccessChange key_added(std::string hash, std::string user = "u1") {
  KeyHolder holder;
  holder.user_id = std::move(user);
  holder.roles = Role::kUser;
  return {Kind::kKeyAdded, std::move(hash), kNow, 0, {}, std::move(holder)};
}

TEST(AccessRegistry, AnEndedSessionEndsItsTokensOnly) {
  AccessRegistry registry({});
  registry.apply(session_ended("s1"));
  EXPECT_TRUE(registry.has_ended(token("s1")));
  EXPECT_FALSE(registry.has_ended(token("s2")));
  EXPECT_FALSE(registry.has_ended(token("")));
}

TEST(AccessRegistry, AUsersOlderTokensEndButForTheSessionThatWasKept) {
  AccessRegistry registry({});
  registry.apply(user_ended(2, "s2"));
  EXPECT_TRUE(registry.has_ended(token("s1", 1)));
  EXPECT_TRUE(registry.has_ended(token("", 0)));
  EXPECT_FALSE(registry.has_ended(token("s2", 1)));
  EXPECT_FALSE(registry.has_ended(token("s3", 2)));
  registry.apply(user_ended(3));
  EXPECT_TRUE(registry.has_ended(token("s2", 1)));
  registry.apply(user_ended(2, "s2"));
  EXPECT_TRUE(registry.has_ended(token("s2", 1))) << "what comes late changes nothing";
}

TEST(AccessRegistry, ForgetsWhatNoTokenCanBelongToAnyMore) {
  AccessRegistry registry({.access_ttl = Duration::seconds(60)});
  registry.apply(session_ended("s1"));
  registry.apply(session_ended("s2", kNow + Duration::seconds(61)));
  EXPECT_EQ(registry.ended(), 1u);
}

TEST(AccessRegistry, WhenItIsFullOlderTokensCountAsEnded) {
  AccessRegistry registry({.ended = 3});
  for (int i = 0; i < 5; ++i)
    registry.apply(session_ended("s" + std::to_string(i), kNow + Duration::seconds(i)));
  EXPECT_EQ(registry.ended(), 3u);
  EXPECT_TRUE(registry.has_ended(token("s0", 0, kNow))) << "forgotten, and still refused";
  EXPECT_TRUE(registry.has_ended(token("other", 0, kNow + Duration::seconds(1))));
  EXPECT_FALSE(registry.has_ended(token("other", 0, kNow + Duration::seconds(2))));
}

TEST(AccessRegistry, KeysAreThereUntilTheyAreRemovedOrExpire) {
  AccessRegistry registry({});
  AccessChange change = key_added("h1");
  change.holder.expires_at = kNow + Duration::seconds(1);
  registry.apply(change);
  EXPECT_TRUE(registry.find_key("h1", kNow).has_value());
  EXPECT_FALSE(registry.find_key("h1", kNow + Duration::seconds(1)).has_value());
  registry.apply(key_added("h2"));
  registry.apply({Kind::kRolesChanged,
                  "u1",
                  kNow,
                  0,
                  {},
                  {.user_id = {},
                   .username = {},
                   .email = {},
                   .roles = Role::kAuditor,
                   .scopes = {},
                   .expires_at = {}}});
  EXPECT_EQ(registry.find_key("h2", kNow)->roles, RoleSet(Role::kAuditor));
  registry.apply({Kind::kKeyRemoved, "h2", kNow, 0, {}, {}});
  EXPECT_FALSE(registry.find_key("h2", kNow).has_value());
}

TEST(AccessRegistry, AnotherProcessThatIsFedKnowsTheSame) {
  AccessRegistry first({.changes = 4}), second({});
  first.apply(session_ended("s1"));
  first.apply(key_added("h1"));
  auto snapshot = first.snapshot();
  for (const AccessChange& change : snapshot.changes) second.apply(change);
  first.apply(user_ended(5));
  first.apply({Kind::kKeyRemoved, "h1", kNow, 0, {}, {}});
  uint64_t version = snapshot.version;
  for (int step = 0; step < 2; ++step) {
    auto more = first.since(version, 1);
    ASSERT_TRUE(more.has_value());
    ASSERT_EQ(more->changes.size(), 1u);
    for (const AccessChange& change : more->changes) second.apply(change);
    version = more->version;
  }
  EXPECT_TRUE(first.since(version, 1)->changes.empty());
  EXPECT_TRUE(second.has_ended(token("s1")));
  EXPECT_TRUE(second.has_ended(token("s9", 4)));
  EXPECT_FALSE(second.find_key("h1", kNow).has_value());
  for (int i = 0; i < 4; ++i) first.apply(session_ended("t" + std::to_string(i)));
  EXPECT_FALSE(first.since(snapshot.version, 10).has_value()) << "too old: a snapshot is needed";
}

}  // namespace
}  // namespace ducat::identity
