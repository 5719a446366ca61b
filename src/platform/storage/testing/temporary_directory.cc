// mkdtemp(3) and its removal.
#include "platform/storage/testing/temporary_directory.h"

#include <stdlib.h>

#include <filesystem>

#include "base/check.h"

namespace ducat::storage {

TemporaryDirectory::TemporaryDirectory() {
  std::error_code error;
  path_ = (std::filesystem::temp_directory_path(error) / "ducat-test-XXXXXX").string();
  DUCAT_CHECK(!error && mkdtemp(path_.data()) != nullptr, "a test needs a temporary directory");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what is left behind is the system's to clean
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ducat::storage
