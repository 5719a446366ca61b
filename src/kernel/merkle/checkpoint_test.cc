// Signed notes: the published example of Go's sumdb/note, and what must not be accepted.
#include "kernel/merkle/checkpoint.h"

#include <gtest/gtest.h>

#include "platform/security/base64.h"

namespace ducat::kernel::merkle {
namespace {

constexpr std::string_view kPeter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kPeterSeed = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr std::string_view kText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr std::string_view kSignature =
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

CheckpointSigner peter() {
  std::string seed = security::parse_base64_padded(kPeterSeed)->substr(1);  // behind the signature type
  return {"PeterNeumann", *security::Ed25519Key::from_seed(seed)};
}
CheckpointSigner signer(std::string origin = "example.org/log", char seed = 's') {
  return {std::move(origin), *security::Ed25519Key::from_seed(std::string(32, seed))};
}
Result<Checkpoint> open(std::string_view note, const CheckpointSigner& by) {
  DUCAT_ASSIGN(NoteVerifier verifier, NoteVerifier::parse(by.verifier_key()));
  return verifier.open_checkpoint(note);
}

TEST(SignedNote, IsThePublishedExample) {
  EXPECT_EQ(peter().verifier_key(), kPeter);
  EXPECT_EQ(peter().sign_note(kText), std::string(kText) + "\n" + std::string(kSignature));
  auto verifier = NoteVerifier::parse(kPeter);
  ASSERT_TRUE(verifier.has_value());
  auto opened = verifier->open(std::string(kText) + "\n" + std::string(kSignature));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(*opened, kText);
}

TEST(SignedNote, OthersSignaturesAreLetThrough) {
  std::string note = peter().sign_note(kText);
  std::string other = signer().sign_note(kText);
  note += other.substr(kText.size() + 1);
  EXPECT_TRUE(NoteVerifier::parse(signer().verifier_key())->open(note).has_value());
  EXPECT_TRUE(NoteVerifier::parse(kPeter)->open(note).has_value());
}

TEST(SignedNote, RefusesWhatIsNotSigned) {
  auto verifier = *NoteVerifier::parse(kPeter);
  std::string good = std::string(kText) + "\n" + std::string(kSignature);
  std::string changed = good;
  changed[3] = 'Y';
  EXPECT_FALSE(verifier.open(changed).has_value());
  EXPECT_FALSE(verifier.open(kText).has_value());
  EXPECT_FALSE(verifier.open(good + "one more line\n").has_value());
  EXPECT_FALSE(verifier.open(signer().sign_note(kText)).has_value()) << "another key's";
  EXPECT_FALSE(verifier.open("").has_value());
}

TEST(VerifierKey, MustBeWhole) {
  EXPECT_FALSE(
      NoteVerifier::parse("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").has_value());
  EXPECT_FALSE(NoteVerifier::parse("PeterNeumann+c74f20a3").has_value());
  EXPECT_FALSE(NoteVerifier::parse("PeterNeumann+c74f20a3+AR==").has_value());
  EXPECT_FALSE(NoteVerifier::parse("").has_value());
}

TEST(Checkpoint, SaysOriginSizeAndRoot) {
  Hash root = leaf_hash("x");
  std::string note = signer().sign(42, root);
  EXPECT_EQ(note.substr(0, note.find("\n\n") + 1),
            "example.org/log\n42\n" + security::base64_padded(bytes_of(root)) + "\n");
  auto opened = open(note, signer());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(*opened, (Checkpoint{"example.org/log", 42, root}));
}

TEST(Checkpoint, RefusesAForgery) {
  std::string note = signer().sign(42, leaf_hash("x"));
  std::string other = note;
  other[other.find("42")] = '5';
  EXPECT_FALSE(open(other, signer()).has_value());
  EXPECT_FALSE(open(note, signer("example.org/log", 'z')).has_value());
  EXPECT_FALSE(open(signer().sign_note("example.com/other\n42\n" +
                                       security::base64_padded(std::string(32, 'r')) + "\n"),
                    signer())
                   .has_value())
      << "another log's, signed by this key";
}

TEST(Checkpoint, ReadsOnlyWhatIsWellFormed) {
  std::string root = security::base64_padded(std::string(32, 'r'));
  EXPECT_TRUE(parse_checkpoint("o\n1\n" + root + "\n").has_value());
  EXPECT_TRUE(parse_checkpoint("o\n0\n" + root + "\nextension\n").has_value());
  for (const std::string& text : {"o\n01\n" + root + "\n", "o\n-1\n" + root + "\n", "\n1\n" + root + "\n",
                                  "o\n1\n" + root, std::string("o\n1\nAAAA\n"), std::string("o\n1\n")}) {
    EXPECT_FALSE(parse_checkpoint(text).has_value()) << text;
  }
}

TEST(Checkpoint, AnOriginHasNoSpaceAndNoPlus) {
  EXPECT_TRUE(valid_origin("example.org/log"));
  for (std::string_view bad : {"", "a b", "a+b", "a\nb", "a\tb"}) EXPECT_FALSE(valid_origin(bad)) << bad;
}

}  // namespace
}  // namespace ducat::kernel::merkle
