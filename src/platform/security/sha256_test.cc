// Vectors of FIPS 180-4 (examples) and RFC 4231.
#include "platform/security/sha256.h"

#include <gtest/gtest.h>

namespace ducat::security {
namespace {

TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PartsGiveTheDigestOfTheWholeAndItCanBeUsedAgain) {
  Sha256 hash;
  EXPECT_EQ(hash.update("a").update("bc").finish(), sha256("abc"));
  EXPECT_EQ(hash.update("other").finish(), sha256("other"));
}

TEST(Sha256, HmacGivesTheCodesOfTheStandard) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Sha256, ConstantTimeComparisonTellsEqualFromDifferent) {
  EXPECT_TRUE(equal_in_constant_time("same", "same"));
  EXPECT_FALSE(equal_in_constant_time("same", "sane"));
  EXPECT_FALSE(equal_in_constant_time("same", "sam"));
}

}  // namespace
}  // namespace ducat::security
