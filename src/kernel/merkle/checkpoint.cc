// See checkpoint.h.
#include "kernel/merkle/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "platform/security/base64.h"

namespace ducat::kernel::merkle {
namespace {

constexpr char kEd25519 = 1;  // the signature type of the notes
constexpr size_t kKeyIdSize = 4;
constexpr std::string_view kDash = "\u2014 ";
constexpr size_t kLargestNote = 64 * 1024;

std::string typed_key(const security::Ed25519PublicKey& key) {
  return std::string(1, kEd25519).append(reinterpret_cast<const char*>(key.data()), key.size());
}

std::string key_id_of(std::string_view name, std::string_view typed) {
  security::Sha256 hash;
  hash.update(name).update("\n").update(typed);
  return std::string(security::as_bytes(hash.finish()).substr(0, kKeyIdSize));
}

std::string hex_of(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (char byte : bytes) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(Errc::kCorrupt, std::string(what));
}

// Takes the text up to the next line break; false if there is none.
bool take_line(std::string_view& rest, std::string_view& line) {
  size_t end = rest.find('\n');
  if (end == std::string_view::npos) return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

}  // namespace

bool valid_origin(std::string_view origin) {
  auto bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '+' || c == 0x7F; };
  return !origin.empty() && origin.size() <= 255 && std::none_of(origin.begin(), origin.end(), bad);
}

CheckpointSigner::CheckpointSigner(std::string origin, security::Ed25519Key key)
    : origin_(std::move(origin)), key_(std::move(key)) {
  DUCAT_CHECK(valid_origin(origin_), "the log's origin was not checked");
  std::string typed = typed_key(key_.public_key());
  key_id_ = key_id_of(origin_, typed);
  verifier_key_ = origin_ + "+" + hex_of(key_id_) + "+" + security::base64_padded(typed);
}

std::string CheckpointSigner::sign(uint64_t size, const Hash& root) const {
  return sign_note(checkpoint_text(origin_, size, root));
}

std::string CheckpointSigner::sign_note(std::string_view text) const {
  security::Ed25519Signature signature = key_.sign(text);
  std::string signed_by = key_id_;
  signed_by.append(reinterpret_cast<const char*>(signature.data()), signature.size());
  std::string note(text);
  note.append("\n").append(kDash).append(origin_).append(" ");
  note.append(security::base64_padded(signed_by)).append("\n");
  return note;
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view verifier_key) {
  size_t first = verifier_key.find('+');
  size_t second = first == std::string_view::npos ? first : verifier_key.find('+', first + 1);
  if (second == std::string_view::npos) return fail(Errc::kInvalid, "not a verifier key: name+id+key");
  NoteVerifier verifier;
  verifier.name_ = verifier_key.substr(0, first);
  auto typed = security::parse_base64_padded(verifier_key.substr(second + 1));
  if (!valid_origin(verifier.name_) || !typed || typed->size() != 1 + verifier.key_.size() ||
      typed->front() != kEd25519) {
    return fail(Errc::kInvalid, "not the verifier key of an Ed25519 key");
  }
  verifier.key_id_ = key_id_of(verifier.name_, *typed);
  if (hex_of(verifier.key_id_) != verifier_key.substr(first + 1, second - first - 1)) {
    return fail(Errc::kInvalid, "the verifier key's id is not that of its key");
  }
  std::copy(typed->begin() + 1, typed->end(), verifier.key_.begin());
  return verifier;
}

Result<std::string> NoteVerifier::open(std::string_view note) const {
  if (note.size() > kLargestNote) return damaged("the note is too long");
  // The text ends at the last empty line; what follows are signatures.
  size_t end = note.rfind("\n\n");
  if (end == std::string_view::npos) return damaged("the note has no signatures");
  std::string_view text = note.substr(0, end + 1), rest = note.substr(end + 2), line;
  bool verified = false;
  while (take_line(rest, line)) {
    if (!line.starts_with(kDash)) return damaged("the note has a line that is no signature");
    line.remove_prefix(kDash.size());
    size_t space = line.find(' ');
    if (space == std::string_view::npos) return damaged("the note has a line that is no signature");
    auto bytes = security::parse_base64_padded(line.substr(space + 1));
    if (!bytes || bytes->size() <= kKeyIdSize) return damaged("the note has a line that is no signature");
    bool ours = line.substr(0, space) == name_ && bytes->substr(0, kKeyIdSize) == key_id_;
    if (!ours) continue;
    if (!security::verify_ed25519(key_, text, std::string_view(*bytes).substr(kKeyIdSize))) {
      return damaged("the note's signature does not hold");
    }
    verified = true;
  }
  if (!rest.empty() || !verified) return damaged("the note is not signed by this key");
  return std::string(text);
}

Result<Checkpoint> NoteVerifier::open_checkpoint(std::string_view note) const {
  DUCAT_ASSIGN(std::string text, open(note));
  DUCAT_ASSIGN(Checkpoint checkpoint, parse_checkpoint(text));
  if (checkpoint.origin != name_) return damaged("the checkpoint is of another log");
  return checkpoint;
}

std::string checkpoint_text(std::string_view origin, uint64_t size, const Hash& root) {
  return std::string(origin) + "\n" + std::to_string(size) + "\n" + security::base64_padded(bytes_of(root)) +
         "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  Checkpoint checkpoint;
  std::string_view origin, size, root;
  if (!take_line(text, origin) || !take_line(text, size) || !take_line(text, root)) {
    return damaged("a checkpoint has three lines");
  }
  auto read = std::from_chars(size.data(), size.data() + size.size(), checkpoint.size);
  auto bytes = security::parse_base64_padded(root);
  if (origin.empty() || read.ec != std::errc() || std::to_string(checkpoint.size) != size || !bytes ||
      bytes->size() != checkpoint.root.size()) {
    return damaged("a checkpoint is origin, size and root");
  }
  checkpoint.origin = origin;
  checkpoint.root = hash_from(*bytes);
  return checkpoint;
}

}  // namespace ducat::kernel::merkle
