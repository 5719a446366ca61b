// Vectors: argon2id of the reference implementation's test.c, bcrypt of the Openwall suite.
#include "platform/security/password.h"

#include <gtest/gtest.h>

#include <future>

#include "base/system.h"
#include "platform/security/password_hasher.h"
#include "platform/security/secrets.h"

namespace ducat::security {
namespace {

constexpr PasswordCost kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

TEST(Password, AHashVerifiesItsPasswordAndNoOther) {
  SeededRandom random(1);
  auto hash = hash_password("correct horse", PasswordCost{}, random);
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(verify_password("correct horse", *hash));
  EXPECT_FALSE(verify_password("correct horse ", *hash));
  EXPECT_FALSE(verify_password("", *hash));
  EXPECT_NE(*hash, *hash_password("correct horse", PasswordCost{}, random)) << "salted";
}

TEST(Password, VerifiesHashesOfOthers) {
  EXPECT_TRUE(verify_password(
      "password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"));
  const std::string bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  EXPECT_TRUE(verify_password("U*U", bcrypt));
  EXPECT_FALSE(verify_password("U*V", bcrypt));
  EXPECT_FALSE(verify_password(std::string_view("U*U\0x", 5), bcrypt)) << "crypt would stop at the null byte";
  EXPECT_TRUE(verify_password("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(Password, WhatIsNoHashMatchesNothing) {
  for (const char* hash : {"", "x", "U*U", "$1$abc$def", "$argon2id$", "$2a$05$short", "*0"}) {
    EXPECT_FALSE(verify_password("", hash)) << hash;
    EXPECT_FALSE(verify_password("x", hash)) << hash;
  }
}

TEST(Password, OlderHashesAreToBeMadeAgain) {
  SeededRandom random(1);
  EXPECT_FALSE(needs_rehash(*hash_password("x", kCheap, random), kCheap));
  EXPECT_TRUE(needs_rehash(*hash_password("x", kCheap, random), PasswordCost{}));
  EXPECT_TRUE(needs_rehash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", kCheap));
}

TEST(Password, TheMostCommonOnesAreKnownWhateverTheirCase) {
  for (const char* common : {"password", "PASSWORD1", "12345678", "qwertyuiop", "iloveyou"}) {
    EXPECT_TRUE(is_common_password(common)) << common;
  }
  for (const char* rare : {"", "correct horse battery staple", "xK9#mQ2$vL"}) {
    EXPECT_FALSE(is_common_password(rare)) << rare;
  }
}

template <typename T>
T get(Task<T> task) {
  std::promise<T> done;
  start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
  return done.get_future().get();
}

TEST(PasswordHasher, HashesAndVerifiesElsewhereAndComesHome) {
  SystemRandom random;
  ThreadExecutor home("home");
  PasswordHasher hasher({.threads = 2, .cost = kCheap}, random);
  auto hash = get(hasher.hash("secret", home));
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(*get(hasher.verify("secret", *hash, home)));
  EXPECT_FALSE(*get(hasher.verify("other", *hash, home)));
  EXPECT_FALSE(*get(hasher.verify("secret", "", home))) << "a user that does not exist";
}

TEST(PasswordHasher, RefusesWhatItHasNoRoomFor) {
  SystemRandom random;
  ThreadExecutor home("home");
  PasswordHasher hasher({.threads = 1, .waiting = 2, .cost = {.memory_kib = 19'456, .passes = 8}}, random);
  std::atomic<int> refused{0}, done{0};
  for (int i = 0; i < 5; ++i) {
    start(hasher.hash("secret", home), [&](Result<std::string> hash) {
      if (!hash) {
        EXPECT_EQ(hash.error().code, Errc::kUnavailable);
        ++refused;
      }
      ++done;
    });
  }
  EXPECT_GE(refused.load(), 1) << "at once, before anything was hashed";
  hasher.stop();
  home.stop();
  EXPECT_EQ(done.load(), 5) << "what was accepted is finished";
  EXPECT_FALSE(get(hasher.hash("late", home)).has_value());
}

TEST(Secrets, AnApiKeyIsLongAndStoredAsItsHash) {
  SeededRandom random(7);
  std::string key = make_api_key(random);
  EXPECT_TRUE(looks_like_api_key(key)) << key;
  EXPECT_EQ(key.size(), 46u);
  EXPECT_NE(key, make_api_key(random));
  EXPECT_EQ(key_hash(key).size(), 64u);
  EXPECT_EQ(key_hash(key).find(key), std::string::npos);
  EXPECT_FALSE(looks_like_api_key("dk_short"));
}

TEST(Secrets, ARecoveryCodeCountsHoweverItIsTyped) {
  SeededRandom random(7);
  auto codes = make_recovery_codes(10, random);
  ASSERT_EQ(codes.size(), 10u);
  EXPECT_EQ(codes[0].size(), 19u);
  std::string typed = codes[0];
  std::erase(typed, '-');
  for (char& c : typed) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(recovery_code_hash(typed), recovery_code_hash(codes[0]));
  EXPECT_NE(recovery_code_hash(codes[0]), recovery_code_hash(codes[1]));
}

}  // namespace
}  // namespace ducat::security
