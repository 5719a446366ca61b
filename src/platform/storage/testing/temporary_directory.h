// A directory for one test, removed with everything in it at the end.
#pragma once

#include <string>
#include <string_view>

namespace ducat::storage {

// Under $TMPDIR or /tmp. Failing to make one stops the test program. Not movable; one thread.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace ducat::storage
