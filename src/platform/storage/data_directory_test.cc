// The data directory and its lock.
#include "platform/storage/data_directory.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "platform/storage/testing/temporary_directory.h"

namespace ducat::storage {
namespace {

using testing::HasSubstr;

TEST(DataDirectory, IsMadeForTheOwnerOnly) {
  TemporaryDirectory parent;
  for (std::string name : {"data", "a/b/data", "slash/"}) {
    auto opened = DataDirectory::open(parent.file(name));
    ASSERT_TRUE(opened) << opened.error().message;
    struct stat status {};
    ASSERT_EQ(stat(opened->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u) << name;
    EXPECT_EQ(opened->file("x"), opened->path() + "/x");
  }
}

TEST(DataDirectory, IsRefusedToASecondProcessAndNamesTheFirst) {
  TemporaryDirectory parent;
  std::string path = parent.file("data");
  auto first = DataDirectory::open(path);
  ASSERT_TRUE(first);
  auto second = DataDirectory::open(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_EQ(second.error().message,
            "data directory " + path + " is in use by process " + std::to_string(getpid()));
}

TEST(DataDirectory, IsFreeAgainWhenItsOwnerIsGone) {
  TemporaryDirectory parent;
  std::string path = parent.file("data");
  {
    auto first = DataDirectory::open(path);
    ASSERT_TRUE(first);
    DataDirectory moved = std::move(*first);
    EXPECT_FALSE(DataDirectory::open(path));
  }
  EXPECT_TRUE(DataDirectory::open(path));
}

TEST(DataDirectory, IsFreeAgainWhenItsOwnerWasKilled) {
  TemporaryDirectory parent;
  std::string path = parent.file("data");
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    auto held = DataDirectory::open(path);
    char byte = held ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  auto refused = DataDirectory::open(path);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("in use by process " + std::to_string(child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(DataDirectory::open(path));
}

TEST(DataDirectory, SaysWhatItCannotMakeOrWrite) {
  TemporaryDirectory parent;
  std::ofstream(parent.file("file")) << "x";
  auto beneath = DataDirectory::open(parent.file("file/data"));
  ASSERT_FALSE(beneath);
  EXPECT_EQ(beneath.error().code, Errc::kIo);
  EXPECT_THAT(beneath.error().message,
              HasSubstr("data directory " + parent.file("file/data") + " cannot be created: "));
  auto itself = DataDirectory::open(parent.file("file"));
  ASSERT_FALSE(itself);
  EXPECT_THAT(itself.error().message, HasSubstr("is not a directory"));
  // Nobody may write there, not even root.
  auto system = DataDirectory::open("/proc/self");
  ASSERT_FALSE(system);
  EXPECT_THAT(system.error().message, HasSubstr("data directory /proc/self is not writable: "));
}

}  // namespace
}  // namespace ducat::storage
