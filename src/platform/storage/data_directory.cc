// mkdir, a file that must be writable, and flock(2) on it.
#include "platform/storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "platform/storage/concat.h"

namespace ducat::storage {
namespace {

// The process that wrote its number into the lock file; "?" when it has not got that far.
std::string owner_of(int fd) {
  char buffer[32];
  ssize_t size = pread(fd, buffer, sizeof(buffer), 0);
  std::string_view text(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "?" : std::string(text);
}

Status make_directory(const std::string& path) {
  std::error_code error;
  auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  // Only the owner: secrets are kept here.
  if (!error && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    error.assign(errno, std::generic_category());
  if (error) {
    return fail(Errc::kIo, concat("data directory ", path, " cannot be created: ", error.message()));
  }
  if (!std::filesystem::is_directory(path, error)) {
    return fail(Errc::kIo, concat("data directory ", path, " is not a directory"));
  }
  return {};
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& given) {
  if (given.empty()) return fail(Errc::kInvalid, "the data directory has no name");
  auto normal = std::filesystem::path(given).lexically_normal();
  std::string path = (normal.has_filename() ? normal : normal.parent_path()).string();
  DUCAT_TRY(make_directory(path));
  int fd = ::open((path + "/LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(Errc::kIo, concat("data directory ", path, " is not writable: ", std::strerror(errno)));
  }
  DataDirectory directory(path, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(Errc::kBusy, concat("data directory ", path, " is in use by process ", owner_of(fd)));
    }
    return fail(Errc::kIo, concat("data directory ", path, " cannot be locked: ", std::strerror(errno)));
  }
  std::string number = concat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, number.data(), number.size(), 0) != static_cast<ssize_t>(number.size())) {
    return fail(Errc::kIo, concat("data directory ", path, " is not writable: ", std::strerror(errno)));
  }
  return directory;
}

DataDirectory::~DataDirectory() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace ducat::storage
