// Tokens: ours verify, and nothing that was changed, borrowed or made up does. The vector is RFC 7515's, A.1.
#include "platform/security/jwt.h"

#include <gtest/gtest.h>

#include "platform/security/base64.h"
#include "platform/security/sha256.h"

namespace ducat::security {
namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
const std::string kSecret = "a-secret-of-at-least-32-characters";

Claims alice() {
  Claims claims;
  claims.subject = "01890000-0000-7000-8000-000000000001";
  claims.username = "alice";
  claims.email = "alice@example.com";
  claims.roles = {"user", "auditor"};
  claims.type = "access";
  claims.session = "01890000-0000-7000-8000-000000000002";
  claims.generation = 3;
  claims.issued_at = kNow;
  claims.expires_at = kNow + Duration::seconds(60);
  return claims;
}

TokenSigner signer() {
  return {kSecret, "ducat", "ducat-api"};
}

std::string signed_by_hand(std::string_view header, std::string_view payload,
                           std::string_view secret = kSecret) {
  std::string token = base64url(header) + "." + base64url(payload);
  return token + "." + base64url(as_bytes(hmac_sha256(secret, token)));
}

TokenFault fault_of(std::string_view token, Timestamp now = kNow) {
  auto claims = signer().verify(token, "access", now);
  EXPECT_FALSE(claims.has_value()) << token;
  return claims ? TokenFault{255} : claims.error();
}

constexpr std::string_view kGoodHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kGoodPayload =
    R"({"sub":"u","iat":1800000000,"exp":1800000060,"iss":"ducat","aud":"ducat-api","typ":"access","roles":["user"]})";

TEST(Jwt, ATokenGivesBackItsClaims) {
  auto claims = signer().verify(signer().sign(alice()), "access", kNow);
  ASSERT_TRUE(claims.has_value());
  EXPECT_EQ(claims->subject, alice().subject);
  EXPECT_EQ(claims->username, "alice");
  EXPECT_EQ(claims->email, "alice@example.com");
  EXPECT_EQ(claims->roles, alice().roles);
  EXPECT_EQ(claims->session, alice().session);
  EXPECT_EQ(claims->generation, 3);
  EXPECT_EQ(claims->issuer, "ducat");
  EXPECT_EQ(claims->expires_at, kNow + Duration::seconds(60));
}

TEST(Jwt, ATokenMadeElsewhereWithOurSecretIsAccepted) {
  EXPECT_TRUE(signer().verify(signed_by_hand(kGoodHeader, kGoodPayload), "access", kNow).has_value());
}

TEST(Jwt, TheSignatureIsTheOneOfTheStandard) {
  const std::string key = *parse_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  TokenSigner theirs(key, "joe", "anyone");
  auto good = theirs.verify(token, "access", kNow);
  ASSERT_FALSE(good.has_value());
  EXPECT_EQ(good.error(), TokenFault::kMalformed) << "well signed, but without a subject";
  std::string changed = token;
  changed[30] = changed[30] == 'a' ? 'b' : 'a';
  auto bad = theirs.verify(changed, "access", kNow);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error(), TokenFault::kSignature);
}

TEST(Jwt, NoChangedByteOfATokenIsAccepted) {
  const std::string token = signer().sign(alice());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(signer().verify(changed, "access", kNow).has_value()) << i;
  }
}

TEST(Jwt, OtherAlgorithmsAreRefusedHoweverTheyAreSigned) {
  for (std::string_view header :
       {R"({"alg":"none","typ":"JWT"})", R"({"alg":"None"})", R"({"alg":"HS512","typ":"JWT"})",
        R"({"typ":"JWT"})", R"({"alg":"HS256","typ":"at+jwt"})", R"({"alg":"HS256","crit":["exp"]})", R"([])",
        R"(x)"}) {
    EXPECT_EQ(fault_of(signed_by_hand(header, kGoodPayload)), TokenFault::kMalformed) << header;
  }
  std::string unsigned_token = base64url(R"({"alg":"none"})") + "." + base64url(kGoodPayload) + ".";
  EXPECT_EQ(fault_of(unsigned_token), TokenFault::kSignature);
}

TEST(Jwt, ATokenOfAnotherSecretIssuerAudienceOrTypeIsRefused) {
  EXPECT_EQ(fault_of(signed_by_hand(kGoodHeader, kGoodPayload, "another-secret-of-32-characters!")),
            TokenFault::kSignature);
  EXPECT_EQ(fault_of(TokenSigner(kSecret, "other", "ducat-api").sign(alice())), TokenFault::kForeign);
  EXPECT_EQ(fault_of(TokenSigner(kSecret, "ducat", "other").sign(alice())), TokenFault::kForeign);
  Claims refresh = alice();
  refresh.type = "refresh";
  EXPECT_EQ(fault_of(signer().sign(refresh)), TokenFault::kForeign);
}

TEST(Jwt, ATokenEndsWithTheSecondItNames) {
  const std::string token = signer().sign(alice());
  EXPECT_TRUE(signer().verify(token, "access", alice().expires_at - Duration{1}).has_value());
  EXPECT_EQ(fault_of(token, alice().expires_at), TokenFault::kExpired);
}

TEST(Jwt, WhatIsNoTokenIsMalformed) {
  for (std::string_view text : {"", ".", "..", "a.b", "a.b.c.d", "a.b.c=", "a b.c.d"}) {
    auto claims = signer().verify(text, "access", kNow);
    EXPECT_FALSE(claims.has_value()) << text;
  }
  EXPECT_EQ(fault_of(std::string(9000, 'a')), TokenFault::kMalformed);
  EXPECT_EQ(fault_of(signed_by_hand(kGoodHeader, R"({"sub":"u","iat":1,"exp":1e300,"iss":"ducat"})")),
            TokenFault::kMalformed);
}

TEST(Base64, HasOneTextForEachMeaning) {
  EXPECT_EQ(base64url("\xff\xef\xbf"), "_--_");
  EXPECT_EQ(base64url("f"), "Zg");
  EXPECT_EQ(base64url("fo"), "Zm8");
  EXPECT_EQ(base64url("foo"), "Zm9v");
  EXPECT_EQ(parse_base64url("Zm8"), "fo");
  EXPECT_FALSE(parse_base64url("Zm9"));  // bits left over
  EXPECT_FALSE(parse_base64url("Zg=="));
  EXPECT_FALSE(parse_base64url("Z"));
  EXPECT_FALSE(parse_base64url("Zm+v"));
  EXPECT_EQ(base32("foobar"), "MZXW6YTBOI");
}

}  // namespace
}  // namespace ducat::security
