#include "sim/world/sim_disk.h"

#include <gtest/gtest.h>

#include <set>

namespace ducat::sim {
namespace {

struct Machine {
  explicit Machine(uint64_t seed) : random(seed), disk(random, trace) {}

  SimDisk::Handle open(const char* path) { return disk.open(path, true).value(); }
  SimDisk::Handle durable_file(const char* path, std::string_view content) {
    auto file = open(path);
    EXPECT_TRUE(disk.write(file, 0, content));
    EXPECT_TRUE(disk.sync(file));
    EXPECT_TRUE(disk.sync_directory());
    return file;
  }
  std::string content(const char* path) {
    auto file = disk.open(path, false);
    if (!file) return "<none>";
    std::string bytes(disk.size(*file).value(), '\0');
    EXPECT_EQ(disk.read(*file, 0, bytes).value(), bytes.size());
    return bytes;
  }

  SeededRandom random;
  Trace trace;
  SimDisk disk;
};

TEST(SimDisk, ReadersSeeUnsyncedWritesAndHolesAsZeros) {
  Machine machine(1);
  auto file = machine.open("/a");
  ASSERT_TRUE(machine.disk.write(file, 3, "xyz"));
  EXPECT_EQ(machine.content("/a"), std::string("\0\0\0xyz", 6));
}

TEST(SimDisk, WhatWasSyncedSurvivesEveryPowerCut) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Machine machine(seed);
    std::string content(5000, 'd');
    machine.durable_file("/a", content);
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    ASSERT_EQ(machine.content("/a"), content) << "seed " << seed;
  }
}

TEST(SimDisk, UnsyncedWritesMeetEveryFate) {
  std::set<std::string> seen;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Machine machine(seed);
    auto file = machine.durable_file("/a", std::string(1024, 'o'));
    ASSERT_TRUE(machine.disk.write(file, 0, std::string(1024, 'n')));
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    seen.insert(machine.content("/a"));
  }
  std::string old_half(512, 'o');
  std::string new_half(512, 'n');
  EXPECT_EQ(seen, (std::set<std::string>{old_half + old_half, old_half + new_half, new_half + old_half,
                                         new_half + new_half}));
}

TEST(SimDisk, BytesBesideAWriteNeverChange) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Machine machine(seed);
    auto file = machine.durable_file("/a", std::string(2048, 'o'));
    ASSERT_TRUE(machine.disk.write(file, 700, std::string(600, 'n')));
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    std::string content = machine.content("/a");
    ASSERT_EQ(content.size(), 2048U);
    ASSERT_EQ(content.substr(0, 700), std::string(700, 'o'));
    ASSERT_EQ(content.substr(1300), std::string(748, 'o'));
  }
}

TEST(SimDisk, AFileMayGrowWithoutItsData) {
  bool garbage = false;
  bool zeros = false;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Machine machine(seed);
    auto file = machine.durable_file("/a", "");
    ASSERT_TRUE(machine.disk.write(file, 0, std::string(1024, 'n')));
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    std::string first = machine.content("/a").substr(0, 512);
    if (first.empty() || first == std::string(512, 'n')) continue;
    (first == std::string(512, '\0') ? zeros : garbage) = true;
  }
  EXPECT_TRUE(zeros);
  EXPECT_TRUE(garbage);
}

TEST(SimDisk, ACreateOrRemoveWithoutDirectorySyncMayBeUndone) {
  std::set<std::string> created;
  std::set<std::string> removed;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Machine machine(seed);
    machine.durable_file("/old", "old");
    ASSERT_TRUE(machine.disk.sync(machine.open("/new")));
    ASSERT_TRUE(machine.disk.remove("/old"));
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    created.insert(machine.content("/new"));
    removed.insert(machine.content("/old"));
  }
  EXPECT_EQ(created, (std::set<std::string>{"", "<none>"}));
  EXPECT_EQ(removed, (std::set<std::string>{"old", "<none>"}));
}

TEST(SimDisk, ATruncateWithoutSyncMayBeUndone) {
  std::set<size_t> sizes;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Machine machine(seed);
    auto file = machine.durable_file("/a", std::string(100, 'x'));
    ASSERT_TRUE(machine.disk.truncate(file, 10));
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    sizes.insert(machine.content("/a").size());
  }
  EXPECT_EQ(sizes, (std::set<size_t>{10, 100}));
}

TEST(SimDisk, AKilledProcessLosesNothing) {
  Machine machine(7);
  ASSERT_TRUE(machine.disk.write(machine.open("/a"), 0, "unsynced"));
  machine.disk.cut_power();
  machine.disk.reboot_after_kill();
  EXPECT_EQ(machine.content("/a"), "unsynced");
}

TEST(SimDisk, ThePowerFailsAtTheOperationAskedFor) {
  Machine machine(1);
  auto file = machine.durable_file("/a", "0");
  machine.disk.cut_power_after(3);
  EXPECT_TRUE(machine.disk.write(file, 0, "1"));
  EXPECT_TRUE(machine.disk.write(file, 0, "2"));
  EXPECT_EQ(machine.disk.sync(file).error().code, Errc::kUnavailable);
  EXPECT_TRUE(machine.disk.dead());
  EXPECT_FALSE(machine.disk.write(file, 0, "3"));
  EXPECT_FALSE(machine.disk.size(file));
  EXPECT_FALSE(machine.disk.exists("/a"));
}

TEST(SimDisk, HandlesFromBeforeARebootAreDead) {
  Machine machine(1);
  auto file = machine.durable_file("/a", "0");
  machine.disk.cut_power();
  machine.disk.reboot_after_kill();
  EXPECT_EQ(machine.disk.write(file, 0, "1").error().code, Errc::kUnavailable);
  EXPECT_EQ(machine.content("/a"), "0");
}

TEST(SimDisk, AFullDiskTakesWhatFitsAndServesAgainWhenThereIsRoom) {
  Machine machine(1);
  auto file = machine.durable_file("/a", "12345678");
  machine.disk.set_capacity(10);
  EXPECT_EQ(machine.disk.write(file, 8, "abcd").error().code, Errc::kFull);
  EXPECT_EQ(machine.content("/a"), "12345678ab");
  EXPECT_TRUE(machine.disk.write(file, 0, "overwritte"));
  machine.disk.set_capacity(0);
  EXPECT_TRUE(machine.disk.write(file, 8, "abcd"));
}

TEST(SimDisk, DataOfAFailedSyncIsNotMadeDurableByALaterOne) {
  bool lost = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Machine machine(seed);
    auto file = machine.durable_file("/a", "old");
    ASSERT_TRUE(machine.disk.write(file, 0, "new"));
    machine.disk.fail_syncs(1);
    ASSERT_EQ(machine.disk.sync(file).error().code, Errc::kIo);
    ASSERT_TRUE(machine.disk.sync(file));
    ASSERT_EQ(machine.content("/a"), "new");
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    lost = lost || machine.content("/a") == "old";
  }
  EXPECT_TRUE(lost);
}

TEST(SimDisk, SyncsFailOnlyWhereAsked) {
  Machine machine(1);
  auto healthy = machine.durable_file("/data/tables", "0");
  auto failing = machine.durable_file("/data/journal", "0");
  machine.disk.fail_syncs(1, "/data/journal");
  EXPECT_TRUE(machine.disk.sync(healthy));
  EXPECT_FALSE(machine.disk.sync(failing));
  EXPECT_TRUE(machine.disk.sync(failing));
}

TEST(SimDisk, ADirectorySyncThatFailedMakesNoNameDurableByALaterOne) {
  std::set<std::string> seen;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Machine machine(seed);
    machine.durable_file("/a", "x");
    ASSERT_TRUE(machine.disk.remove("/a"));
    machine.disk.fail_directory_syncs(1);
    ASSERT_EQ(machine.disk.sync_directory().error().code, Errc::kIo);
    EXPECT_EQ(machine.content("/a"), "<none>") << "gone for the running machine";
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    seen.insert(machine.content("/a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"<none>", "x"}));
}

TEST(SimDisk, AReadErrorIsReportedAsManyTimesAsAsked) {
  Machine machine(1);
  auto file = machine.durable_file("/a", "0");
  char byte = 0;
  machine.disk.fail_reads(1);
  EXPECT_EQ(machine.disk.read(file, 0, {&byte, 1}).error().code, Errc::kIo);
  EXPECT_EQ(machine.disk.read(file, 0, {&byte, 1}).value(), 1U);
}

TEST(SimDisk, TheTraceFollowsFromTheSeed) {
  auto hash_of = [](uint64_t seed) {
    Machine machine(seed);
    auto file = machine.durable_file("/a", std::string(4096, 'a'));
    EXPECT_TRUE(machine.disk.write(file, 100, std::string(3000, 'b')));
    machine.disk.cut_power();
    machine.disk.reboot_after_power_cut();
    return machine.trace.hash();
  };
  EXPECT_EQ(hash_of(5), hash_of(5));
  EXPECT_NE(hash_of(5), hash_of(6));
}

}  // namespace
}  // namespace ducat::sim
