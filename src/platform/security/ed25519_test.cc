// RFC 8032, section 7.1, tests 1 to 3; and what must not verify. Base64: RFC 4648, section 10.
#include "platform/security/ed25519.h"

#include <gtest/gtest.h>

#include "platform/security/base64.h"

namespace ducat::security {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}
template <typename Bytes>
std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Vector {
  std::string_view seed, key, message, signature;
};
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0"
     "595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "e"
     "b4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9"
     "716ed28dc027beceea1ec40a"},
};

TEST(Ed25519, SignsAsTheStandardSays) {
  for (const Vector& vector : kVectors) {
    auto key = Ed25519Key::from_seed(from_hex(vector.seed));
    ASSERT_TRUE(key);
    EXPECT_EQ(text_of(key->public_key()), from_hex(vector.key));
    Ed25519Signature signature = key->sign(from_hex(vector.message));
    EXPECT_EQ(text_of(signature), from_hex(vector.signature));
    EXPECT_TRUE(verify_ed25519(key->public_key(), from_hex(vector.message), text_of(signature)));
    EXPECT_EQ(key->seed(), from_hex(vector.seed));
  }
}

TEST(Ed25519, RefusesAnotherMessageKeyOrSignature) {
  Ed25519Key key = Ed25519Key::generate();
  std::string signature = text_of(key.sign("message"));
  EXPECT_TRUE(verify_ed25519(key.public_key(), "message", signature));
  EXPECT_FALSE(verify_ed25519(key.public_key(), "massage", signature));
  EXPECT_FALSE(verify_ed25519(Ed25519Key::generate().public_key(), "message", signature));
  EXPECT_FALSE(verify_ed25519(key.public_key(), "message", signature.substr(1)));
  signature[10] ^= 1;
  EXPECT_FALSE(verify_ed25519(key.public_key(), "message", signature));
}

TEST(Ed25519, TakesSeedsOf32BytesOnly) {
  EXPECT_FALSE(Ed25519Key::from_seed(std::string(31, 'x')));
  EXPECT_FALSE(Ed25519Key::from_seed(std::string(33, 'x')));
}

TEST(Base64Padded, WritesAndReadsTheStandardsExamples) {
  const std::pair<std::string_view, std::string_view> examples[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (auto [bytes, text] : examples) {
    EXPECT_EQ(base64_padded(bytes), text);
    EXPECT_EQ(parse_base64_padded(text), bytes);
  }
}

TEST(Base64Padded, ReadsNothingThatItWouldNotWrite) {
  for (std::string_view text :
       {"Zg", "Zg=", "Zh==", "Zm9v ", " Zm9v", "Zm9v\n", "Zm9_", "====", "Zg==Zg=="}) {
    EXPECT_FALSE(parse_base64_padded(text)) << text;
  }
}

}  // namespace
}  // namespace ducat::security
