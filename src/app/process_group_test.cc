// Children that die, that will not die, and that say something.
#include "app/process_group.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include "app/local_servers.h"
#include "base/system.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::app {
namespace {

class ProcessGroupTest : public ::testing::Test {
 protected:
  ProcessGroupTest() : group(directory.path()) { EXPECT_TRUE(group.open()); }
  ~ProcessGroupTest() override { group.stop(Duration::seconds(5)); }

  Status shell(const std::string& name, const std::string& script, const std::string& ready = "ready") {
    Supervised process;
    process.child = std::make_unique<Child>(
        ChildSpec{.name = name, .command = {"/bin/sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}});
    process.ready_text = ready;
    return group.add(std::move(process));
  }
  std::string file(const std::string& name) const {
    std::ifstream stream(directory.file(name));
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  // Works until the log has the text; false after ten seconds or when the group gives up.
  bool logged(const std::string& text) {
    SystemClock clock;
    Timestamp end = clock.monotonic() + Duration::seconds(10);
    while (clock.monotonic() < end) {
      if (file("ducat.log").find(text) != std::string::npos) return true;
      if (!group.work(Duration::millis(20))) return false;
    }
    return false;
  }

  storage::TemporaryDirectory directory;
  ProcessGroup group;
};

TEST_F(ProcessGroupTest, LinesOfAllStandBehindTheirNames) {
  ASSERT_TRUE(shell("one", "echo ready; echo to-stderr >&2; exec sleep 100"));
  ASSERT_TRUE(shell("two", "echo ready; exec sleep 100"));
  ASSERT_TRUE(group.wait_until_ready(Duration::seconds(10)));
  EXPECT_TRUE(logged("one          | to-stderr\n"));
  EXPECT_TRUE(logged("two          | ready\n"));
  EXPECT_NE(file("processes.json").find(R"("name":"one","pid":)"), std::string::npos);
}

TEST_F(ProcessGroupTest, WhatDiesIsStartedAgain) {
  ASSERT_TRUE(shell("mortal", "echo ready as $$; exec sleep 100", "ready"));
  ASSERT_TRUE(group.wait_until_ready(Duration::seconds(10)));
  std::string list = file("processes.json");
  auto pid = static_cast<pid_t>(std::stoi(list.substr(list.find("\"pid\":") + 6)));
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(logged("mortal has died (signal 9)"));
  ASSERT_TRUE(group.wait_until_ready(Duration::seconds(10)));
  EXPECT_NE(file("processes.json"), list);
}

TEST_F(ProcessGroupTest, WhatHasLivedIsStartedAgainHoweverOften) {
  storage::TemporaryDirectory other;
  ProcessGroup patient(other.path(), Duration{0});
  ASSERT_TRUE(patient.open());
  Supervised process;
  process.child = std::make_unique<Child>(ChildSpec{
      .name = "mortal", .command = {"/bin/sh", "-c", "echo ready; exit 1"}, .environment = {"PATH=/bin"}});
  process.ready_text = "ready";
  ASSERT_TRUE(patient.add(std::move(process)));
  SystemClock clock;
  const Timestamp end = clock.monotonic() + Duration::seconds(20);
  size_t deaths = 0;
  while (deaths < 12 && clock.monotonic() < end) {
    ASSERT_TRUE(patient.work(Duration::millis(20)));
    std::ifstream log(other.file("ducat.log"));
    deaths = 0;
    for (std::string line; std::getline(log, line);) deaths += line.find("in 200 ms") != std::string::npos;
  }
  EXPECT_EQ(deaths, 12U);
}

TEST_F(ProcessGroupTest, WhatNeverGetsReadyIsGivenUpWithItsLastWords) {
  ASSERT_TRUE(shell("hopeless", "echo the port is taken; exit 2"));
  Status waited = group.wait_until_ready(Duration::seconds(30));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Errc::kUnavailable);
  EXPECT_NE(waited.error().message.find("hopeless"), std::string::npos);
  EXPECT_NE(waited.error().message.find("exit 2"), std::string::npos);
  EXPECT_NE(waited.error().message.find("the port is taken"), std::string::npos);
}

TEST_F(ProcessGroupTest, ASilentOneIsNamed) {
  ASSERT_TRUE(shell("silent", "exec sleep 100"));
  Status waited = group.wait_until_ready(Duration::millis(100));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Errc::kTimeout);
  EXPECT_NE(waited.error().message.find("silent"), std::string::npos);
}

TEST_F(ProcessGroupTest, AProgramThatIsNotThereSaysSo) {
  Supervised process;
  process.child =
      std::make_unique<Child>(ChildSpec{.name = "none", .command = {"/nowhere/at/all"}, .environment = {}});
  process.ready_text = "ready";
  ASSERT_TRUE(group.add(std::move(process)));
  EXPECT_TRUE(logged("cannot be executed"));
}

TEST_F(ProcessGroupTest, AStopEndsThoseWhoWillNotStop) {
  ASSERT_TRUE(shell("stubborn", "trap '' TERM; echo ready; while :; do sleep 100; done"));
  ASSERT_TRUE(group.wait_until_ready(Duration::seconds(10)));
  SystemClock clock;
  Timestamp begin = clock.monotonic();
  group.stop(Duration::millis(200));
  EXPECT_LT(clock.monotonic() - begin, Duration::seconds(5));
  EXPECT_NE(file("ducat.log").find("stubborn does not stop and is killed"), std::string::npos);
  EXPECT_EQ(file("processes.json"), "[]\n");
}

TEST_F(ProcessGroupTest, ASignalAsksToStop) {
  ASSERT_TRUE(shell("one", "echo ready; exec sleep 100"));
  ASSERT_TRUE(group.wait_until_ready(Duration::seconds(10)));
  ::kill(getpid(), SIGTERM);
  Result<bool> stop = group.work(Duration::seconds(5));
  ASSERT_TRUE(stop);
  EXPECT_TRUE(*stop);
}

TEST_F(ProcessGroupTest, AToolsFailureIsItsLastLine) {
  std::string heard;
  auto hear = [&](std::string_view line) { heard += line; };
  ChildSpec tool{.name = "tool", .command = {"/bin/sh", "-c", "echo wrong >&2; exit 3"}, .environment = {}};
  Status ran = run_to_end(tool, Duration::seconds(10), hear);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().message, "tool: exit 3: wrong");
  EXPECT_EQ(heard, "wrong");
  tool.command = {"/bin/sh", "-c", "exec sleep 100"};
  EXPECT_EQ(run_to_end(tool, Duration::millis(100), hear).error().code, Errc::kTimeout);
  tool.command = {"/bin/sh", "-c", "true"};
  EXPECT_TRUE(run_to_end(tool, Duration::seconds(10), hear));
}

TEST_F(ProcessGroupTest, ASecretIsKeptAndNobodyElseReadsIt) {
  auto first = kept_secret(directory.file("secret"));
  auto again = kept_secret(directory.file("secret"));
  auto other = kept_secret(directory.file("other"));
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
  EXPECT_GE(first->size(), 32U);
  struct stat found {};
  ASSERT_EQ(stat(directory.file("secret").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST_F(ProcessGroupTest, FreePortsAreAllDifferent) {
  auto ports = free_ports(50);
  ASSERT_TRUE(ports);
  EXPECT_EQ(std::set<uint16_t>(ports->begin(), ports->end()).size(), 50U);
  EXPECT_FALSE(accepts(ports->front()));
}

}  // namespace
}  // namespace ducat::app
