// Vectors of RFC 7515, A.2 (RS256) and A.3 (ES256). They have no subject, so a good signature shows as
// kMalformed. Whole sign-ins with keys made in the test stand in services/identity/oidc_test.cc.
#include "platform/security/id_token.h"

#include <gtest/gtest.h>

namespace ducat::security {
namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
const std::string kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const std::string kRsaToken =
    "eyJhbGciOiJSUzI1NiJ9." + kPayload +
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1"
    "dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_"
    "dO--xi12jzDwu"
    "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
    "IoypGlUPQGe77Rw";
const std::string kEllipticToken =
    "eyJhbGciOiJFUzI1NiJ9." + kPayload +
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const std::string kRsaKey =
    R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1)"
    R"(Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQ)"
    R"(OS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91k)"
    R"(zk2PAcDTW9gb54h4FRWyuXpoQ"})";
const std::string kEllipticKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

IdTokenFault fault_of(const std::string& keys, const std::string& token) {
  auto set = KeySet::parse("{\"keys\":[" + keys + "]}");
  EXPECT_TRUE(set.has_value());
  auto verified = set->verify(token, {"joe", "client", "nonce"}, kNow);
  EXPECT_FALSE(verified.has_value());
  return verified ? IdTokenFault{255} : verified.error();
}

TEST(IdToken, TheSignaturesOfTheStandardAreGood) {
  EXPECT_EQ(fault_of(kRsaKey, kRsaToken), IdTokenFault::kMalformed);
  EXPECT_EQ(fault_of(kEllipticKey, kEllipticToken), IdTokenFault::kMalformed);
}

TEST(IdToken, AChangedSignatureIsNot) {
  for (const auto& [key, token] : {std::pair(kRsaKey, kRsaToken), std::pair(kEllipticKey, kEllipticToken)}) {
    std::string changed = token;
    char& c = changed[changed.rfind('.') + 5];
    c = c == 'A' ? 'B' : 'A';
    EXPECT_EQ(fault_of(key, changed), IdTokenFault::kSignature);
  }
}

TEST(IdToken, AKeyServesOnlyItsOwnAlgorithm) {
  EXPECT_EQ(fault_of(kEllipticKey, kRsaToken), IdTokenFault::kUnknownKey);
  EXPECT_EQ(fault_of(kRsaKey, kEllipticToken), IdTokenFault::kUnknownKey);
}

TEST(IdToken, KeysThatAreNotForThisAreSkipped) {
  auto set =
      KeySet::parse(R"({"keys":[1,{"kty":"oct","k":"AA"},{"kty":"EC","crv":"P-384","x":"AA","y":"AA"},)"
                    R"({"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"RSA"},)" +
                    kRsaKey + "]}");
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->size(), 1u) << "a short modulus is none, either";
  for (const char* text : {"", "[]", "{}", R"({"keys":1})"})
    EXPECT_FALSE(KeySet::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace ducat::security
