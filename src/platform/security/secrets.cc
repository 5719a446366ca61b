// See secrets.h.
#include "platform/security/secrets.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platform/security/base64.h"
#include "platform/security/sha256.h"

namespace ducat::security {
namespace {

constexpr std::string_view kKeyPrefix = "dk_";
constexpr size_t kKeyBytes = 32;
constexpr size_t kKeyLength = 3 + 43;
// Without what is mistaken for something else (0 o, 1 l i) and without e and u, so that no words come out.
constexpr std::string_view kCodeLetters = "23456789abcdfghjkmnpqrstvwxyz";
constexpr size_t kCodeLength = 16;
constexpr size_t kGroup = 4;
constexpr size_t kLongestSecret = 4096;

Error io_error(const std::string& what, const std::string& path) {
  return {Errc::kIo, what + " " + path + ": " + std::strerror(errno)};
}

// Closes on its way out.
struct File {
  int fd;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

Result<std::string> read_secret(const std::string& path) {
  File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return std::unexpected(io_error("cannot read", path));
  std::string text(kLongestSecret, '\0');
  ssize_t size = ::read(file.fd, text.data(), text.size());
  if (size < 0) return std::unexpected(io_error("cannot read", path));
  text.resize(static_cast<size_t>(size));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

std::string random_bytes(size_t count, Random& random) {
  std::string bytes;
  while (bytes.size() < count) {
    uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  bytes.resize(count);
  return bytes;
}

std::string make_api_key(Random& random) {
  return std::string(kKeyPrefix) + base64url(random_bytes(kKeyBytes, random));
}

bool looks_like_api_key(std::string_view text) {
  return text.size() == kKeyLength && text.starts_with(kKeyPrefix);
}

std::string key_hash(std::string_view key) {
  return to_hex(sha256(key));
}

std::vector<std::string> make_recovery_codes(size_t count, Random& random) {
  std::vector<std::string> codes(count);
  for (std::string& code : codes) {
    for (size_t i = 0; i < kCodeLength; ++i) {
      if (i > 0 && i % kGroup == 0) code.push_back('-');
      code.push_back(kCodeLetters[random.below(kCodeLetters.size())]);
    }
  }
  return codes;
}

std::string recovery_code_hash(std::string_view code) {
  std::string plain;
  for (char c : code) {
    if (c == '-' || c == ' ') continue;
    plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return key_hash(plain);
}

Result<std::string> load_or_make_secret(const std::string& path, Random& random) {
  File file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.fd < 0 && errno == EEXIST) return read_secret(path);
  if (file.fd < 0) return std::unexpected(io_error("cannot make", path));
  std::string secret = base64url(random_bytes(kKeyBytes, random));
  bool written = ::write(file.fd, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size());
  if (!written || ::fsync(file.fd) != 0) return std::unexpected(io_error("cannot write", path));
  return secret;
}

}  // namespace ducat::security
