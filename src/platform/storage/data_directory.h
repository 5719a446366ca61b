// The directory a process keeps its files in, and the lock that makes sure it is the only one.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace ducat::storage {

// Holds the lock (flock on DIR/LOCK, which also holds the process's number) until destroyed; the system frees
// it when the process dies, however it dies. Movable, not thread-safe.
class DataDirectory {
 public:
  // Makes the directory (0700) and missing parents. kIo if that or writing in it is not possible, kBusy if
  // another process has it; the message names the directory and the reason.
  static Result<DataDirectory> open(const std::string& given);

  DataDirectory(DataDirectory&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  DataDirectory& operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DataDirectory();

  const std::string& path() const { return path_; }
  // The path of a file in it.
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  DataDirectory(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

}  // namespace ducat::storage
