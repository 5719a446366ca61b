// Vectors of RFC 6238 (appendix B) and RFC 4226 (appendix D).
#include "platform/security/totp.h"

#include <gtest/gtest.h>

namespace ducat::security {
namespace {

constexpr std::string_view kSecret = "12345678901234567890";

TEST(Totp, GivesTheCodesOfTheStandard) {
  const std::pair<int64_t, std::string_view> vectors[] = {{59, "94287082"},
                                                          {1'111'111'109, "07081804"},
                                                          {1'111'111'111, "14050471"},
                                                          {1'234'567'890, "89005924"},
                                                          {2'000'000'000, "69279037"},
                                                          {20'000'000'000, "65353130"}};
  for (const auto& [second, code] : vectors) {
    EXPECT_EQ(totp_code(kSecret, totp_step({second * 1'000'000}), 8), code) << second;
  }
  const std::string_view counters[] = {"755224", "287082", "359152", "969429", "338314",
                                       "254676", "287922", "162583", "399871", "520489"};
  for (int64_t i = 0; i < 10; ++i) EXPECT_EQ(totp_code(kSecret, i), counters[i]) << i;
}

TEST(Totp, ACodeCountsOneStepBeforeAndAfterItsTime) {
  const Timestamp now{1'800'000'015'000'000};
  const int64_t step = totp_step(now);
  for (int64_t off : {-1, 0, 1})
    EXPECT_EQ(match_totp(kSecret, totp_code(kSecret, step + off), now), step + off);
  for (int64_t off : {-2, 2}) EXPECT_FALSE(match_totp(kSecret, totp_code(kSecret, step + off), now)) << off;
  EXPECT_FALSE(match_totp(kSecret, "", now));
  std::string spaced = totp_code(kSecret, step);
  spaced.insert(3, " ");
  EXPECT_EQ(match_totp(kSecret, spaced, now), step);
}

TEST(Totp, TheUriNamesIssuerAccountAndSecret) {
  EXPECT_EQ(otpauth_uri("Ducat", "a@b.c", kSecret),
            "otpauth://totp/"
            "Ducat:a%40b.c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ducat&algorithm=SHA1&digits=6"
            "&period=30");
}

TEST(Totp, AQrCodeIsASquareOfSquares) {
  auto svg = qr_svg(otpauth_uri("Ducat", "alice", kSecret));
  ASSERT_TRUE(svg.has_value());
  EXPECT_TRUE(svg->starts_with("<svg xmlns="));
  EXPECT_NE(svg->find("M4 4h1v1h-1z"), std::string::npos) << "the corner of the finder pattern";
  EXPECT_TRUE(svg->ends_with("</svg>"));
  EXPECT_FALSE(qr_svg(std::string(5000, 'x')).has_value());
}

}  // namespace
}  // namespace ducat::security
