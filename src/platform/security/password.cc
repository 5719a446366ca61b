// libargon2 and libxcrypt do the work; what is left is texts.
#include "platform/security/password.h"

#include <argon2.h>
#include <crypt.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "platform/security/sha256.h"

extern "C" const char ducat_embed_common_passwords[];
extern "C" const char ducat_embed_common_passwords_end[];

namespace ducat::security {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kBcryptLength = 60;

bool is_bcrypt(std::string_view hash) {
  return hash.size() == kBcryptLength && (hash.starts_with("$2a$") || hash.starts_with("$2b$"));
}

// The fields that make up the cost: everything up to the salt.
std::string prefix_of(const PasswordCost& cost) {
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_kib) + ",t=" + std::to_string(cost.passes) +
         ",p=" + std::to_string(cost.lanes) + "$";
}

// crypt takes C strings, so a password with a null byte in it would match its beginning.
bool verify_bcrypt(std::string_view password, const std::string& hash) {
  if (password.find('\0') != std::string_view::npos) return false;
  auto data = std::make_unique<crypt_data>();
  const char* made = crypt_r(std::string(password).c_str(), hash.c_str(), data.get());
  return made != nullptr && equal_in_constant_time(made, hash);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

std::unordered_set<std::string> read_common() {
  std::string_view text(ducat_embed_common_passwords,
                        static_cast<size_t>(ducat_embed_common_passwords_end - ducat_embed_common_passwords));
  std::unordered_set<std::string> found;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) found.insert(lower(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

}  // namespace

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost, Random& random) {
  uint64_t salt[kSaltBytes / sizeof(uint64_t)];
  for (uint64_t& word : salt) word = random.next();
  std::string text(
      argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  int failed =
      argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, password.data(), password.size(), salt,
                            sizeof(salt), kHashBytes, text.data(), text.size());
  if (failed != ARGON2_OK) {
    Errc code = failed == ARGON2_MEMORY_ALLOCATION_ERROR ? Errc::kUnavailable : Errc::kInvalid;
    return fail(code, std::string("argon2: ") + argon2_error_message(failed));
  }
  text.resize(text.find('\0'));
  return text;
}

bool verify_password(std::string_view password, const std::string& hash) {
  if (is_bcrypt(hash)) return verify_bcrypt(password, hash);
  if (!hash.starts_with("$argon2id$")) return false;
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

bool needs_rehash(std::string_view hash, const PasswordCost& cost) {
  return !hash.starts_with(prefix_of(cost));
}

bool is_common_password(std::string_view password) {
  static const std::unordered_set<std::string> common = read_common();
  return common.contains(lower(password));
}

}  // namespace ducat::security
