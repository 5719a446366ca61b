// See signing_key.h.
#include "services/audit/signing_key.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platform/security/base64.h"

namespace ducat::audit {
namespace {

Result<security::Ed25519Key> parse(const std::string& text, const std::string& where) {
  auto seed = security::parse_base64_padded(text);
  auto key = seed ? security::Ed25519Key::from_seed(*seed) : std::nullopt;
  if (!key) return fail(Errc::kInvalid, where + " is not the base64 of the 32 bytes of an Ed25519 key");
  return *key;
}

std::unexpected<Error> failed(const std::string& path) {
  Errc code = errno == ENOENT ? Errc::kNotFound : Errc::kIo;
  return fail(code, path + ": " + std::strerror(errno));
}

struct File {
  int fd;
  ~File() { close(fd); }
};

Result<std::string> read_line(const std::string& path) {
  File file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return failed(path);
  char buffer[256];
  ssize_t size = read(file.fd, buffer, sizeof(buffer));
  if (size < 0) return failed(path);
  std::string line(buffer, static_cast<size_t>(size));
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

// Complete or not there: a crash must not leave half a key.
Status write_file(const std::string& path, const std::string& text) {
  std::string fresh = path + ".new";
  File file{open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (file.fd < 0) return failed(fresh);
  if (write(file.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(file.fd) != 0) {
    return failed(fresh);
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return failed(path);
  return {};
}

}  // namespace

Result<security::Ed25519Key> load_signing_key(const std::string& given, const std::string& path, bool make) {
  if (!given.empty()) return parse(given, "audit.signing_key");
  Result<std::string> line = read_line(path);
  if (line) return parse(*line, path);
  if (line.error().code != Errc::kNotFound || !make) return propagate(line);
  security::Ed25519Key key = security::Ed25519Key::generate();
  DUCAT_TRY(write_file(path, security::base64_padded(key.seed()) + "\n"));
  return key;
}

}  // namespace ducat::audit
