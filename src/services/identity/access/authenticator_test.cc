// Tokens that are known still expire and end.
#include "services/identity/access/authenticator.h"

#include <gtest/gtest.h>

namespace ducat::identity {
namespace {

class ManualClock final : public Clock {
 public:
  Timestamp now() override { return at; }
  Timestamp monotonic() override { return at; }
  Timestamp at{1'800'000'000'000'000};
};

class AuthenticatorTest : public ::testing::Test {
 protected:
  std::string token(const std::string& session) {
    security::Claims claims;
    claims.subject = "u1";
    claims.username = "ann";
    claims.roles = {"user"};
    claims.type = "access";
    claims.session = session;
    claims.issued_at = clock_.at;
    claims.expires_at = clock_.at + Duration::seconds(60);
    return signer_.sign(claims);
  }
  bool lets_in(const std::string& token) {
    const std::string value = "Bearer " + token;
    const http::Header headers[] = {{"Authorization", value}};
    http::Request request;
    request.headers = headers;
    auto caller = authenticator_.authenticate(request, {});
    if (caller) {
      EXPECT_EQ(caller->username, "ann");
    }
    return caller.has_value();
  }

  ManualClock clock_;
  security::TokenSigner signer_{std::string(32, 's'), "ducat", "ducat"};
  AccessRegistry registry_{{}};
  Authenticator authenticator_{signer_, registry_, clock_};
};

TEST_F(AuthenticatorTest, LetsATokenInAgainAndAgainUntilItExpires) {
  std::string mine = token("s1");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lets_in(mine));
  clock_.at = clock_.at + Duration::seconds(61);
  EXPECT_FALSE(lets_in(mine));
}

TEST_F(AuthenticatorTest, RefusesAKnownTokenOnceItsSessionHasEnded) {
  std::string mine = token("s1"), other = token("s2");
  EXPECT_TRUE(lets_in(mine));
  EXPECT_TRUE(lets_in(other));
  registry_.apply({AccessChange::Kind::kSessionEnded, "s1", clock_.at, 0, {}, {}});
  EXPECT_FALSE(lets_in(mine));
  EXPECT_TRUE(lets_in(other));
}

TEST_F(AuthenticatorTest, KnowsNoTokenThatDiffersInOneCharacter) {
  std::string mine = token("s1");
  EXPECT_TRUE(lets_in(mine));
  for (size_t i : {size_t{0}, mine.size() / 2, mine.size() - 1}) {
    std::string forged = mine;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(lets_in(forged)) << i;
  }
}

TEST_F(AuthenticatorTest, GoesOnWhenMoreTokensCameThanItKeeps) {
  std::string first = token("s0");
  EXPECT_TRUE(lets_in(first));
  for (int i = 1; i < 9'000; ++i) ASSERT_TRUE(lets_in(token("s" + std::to_string(i))));
  EXPECT_TRUE(lets_in(first));
}

}  // namespace
}  // namespace ducat::identity
