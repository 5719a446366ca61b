// Signed tree heads, in a form that others' tools read: a C2SP tlog-checkpoint
// (https://c2sp.org/tlog-checkpoint) in a signed note (https://c2sp.org/signed-note) with one Ed25519
// signature.
//
//   <origin>\n<size>\n<root in base64>\n
//   \n
//   — <key name> <base64 of key id and signature>\n
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/merkle/hash.h"
#include "platform/security/ed25519.h"

namespace ducat::kernel::merkle {

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Hash root{};
  bool operator==(const Checkpoint&) const = default;
};

// Whether the text may name a key and a log: not empty, no white space or control character, no '+', UTF-8 is
// the caller's business.
bool valid_origin(std::string_view origin);

// Signs under the key's name, which is the log's origin. Immutable, thread-safe.
class CheckpointSigner {
 public:
  // `origin` is valid.
  CheckpointSigner(std::string origin, security::Ed25519Key key);

  std::string sign(uint64_t size, const Hash& root) const;
  // Any text that ends in a line break, as a note.
  std::string sign_note(std::string_view text) const;

  const std::string& origin() const { return origin_; }
  // "<name>+<key id in hexadecimal>+<base64 of 0x01 and the public key>": what a verifier is configured with.
  const std::string& verifier_key() const { return verifier_key_; }

 private:
  std::string origin_;
  security::Ed25519Key key_;
  std::string key_id_;  // 4 bytes
  std::string verifier_key_;
};

// A key to check notes with. kInvalid: not a verifier key of this kind, or its id does not fit.
class NoteVerifier {
 public:
  static Result<NoteVerifier> parse(std::string_view verifier_key);

  // The note's text, if a signature of this key is among its signatures and holds; kCorrupt if not.
  Result<std::string> open(std::string_view note) const;
  // The checkpoint in a note, whose origin must be the key's name.
  Result<Checkpoint> open_checkpoint(std::string_view note) const;

 private:
  NoteVerifier() = default;
  std::string name_;
  std::string key_id_;
  security::Ed25519PublicKey key_{};
};

// The text of a checkpoint, and back; lines after the third are extensions and are let through.
std::string checkpoint_text(std::string_view origin, uint64_t size, const Hash& root);
Result<Checkpoint> parse_checkpoint(std::string_view text);

}  // namespace ducat::kernel::merkle
