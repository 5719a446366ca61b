// Where the servers of a distributed run keep their data, when their user cannot get to ours.
#include "app/local_servers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "platform/storage/testing/temporary_directory.h"

namespace ducat::app {
namespace {

namespace fs = std::filesystem;

bool others_may_pass(const fs::path& folder) {
  struct stat found {};
  return stat(folder.c_str(), &found) == 0 && (found.st_mode & S_IXOTH) != 0;
}

// A folder below one that is only ours, as a clone in root's home, or data that a server has made before.
TEST(LocalServers, FindAPlaceThatTheirUserCanGetTo) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs servers as somebody else";
  storage::TemporaryDirectory directory;
  const fs::path closed = directory.file("closed"), data = closed / "data";
  fs::create_directories(data);
  ASSERT_EQ(chmod(closed.c_str(), 0700), 0);
  const mode_t before = umask(077);
  auto place = servers_directory(data.string());
  umask(before);
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_NE(fs::path(*place).parent_path(), closed);
  for (fs::path at = *place; at.has_relative_path(); at = at.parent_path()) {
    EXPECT_TRUE(others_may_pass(at)) << at;
  }
  fs::remove_all(*place);
}

}  // namespace
}  // namespace ducat::app
