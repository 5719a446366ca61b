// A journal whose sync fails, whose process is killed, and whose machine loses power later on.
#include <gtest/gtest.h>

#include "platform/storage/sqlite/sqlite.h"
#include "sim/world/world.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kSeeds = 40;

using Open = Result<std::unique_ptr<storage::Database>> (*)(storage::SqliteOptions);

struct Opened {
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<storage::Connection> connection;
};

Opened open_with(World& world, Open open) {
  storage::SqliteOptions options;
  options.path = "/data/journal.db";
  options.vfs = world.vfs().name();
  options.mmap_bytes = 0;
  Opened opened;
  auto database = open(options);
  EXPECT_TRUE(database) << database.error().message;
  opened.database = std::move(*database);
  auto connection = opened.database->connect(storage::Access::kWriter);
  EXPECT_TRUE(connection) << connection.error().message;
  opened.connection = std::move(*connection);
  return opened;
}

Status insert(Opened& to, int64_t number) {
  auto done = to.connection->execute("INSERT INTO t VALUES ($1)", {number});
  return done ? Status() : propagate(done);
}

// Whether the row that was acknowledged last is there after the power cut.
bool keeps_what_was_acknowledged(uint64_t seed, Open open_again) {
  World world(seed);
  {
    Opened first = open_with(world, storage::open_sqlite);
    EXPECT_TRUE(first.connection->script("CREATE TABLE t (x INTEGER)"));
    EXPECT_TRUE(insert(first, 1));
    world.disk().fail_syncs(1);
    EXPECT_FALSE(insert(first, 2)) << "its sync has failed";
    world.disk().cut_power();  // nothing of the process's end reaches the disk
  }
  world.disk().reboot_after_kill();
  {
    Opened second = open_with(world, open_again);
    EXPECT_TRUE(insert(second, 3));
    world.disk().cut_power();
  }
  world.disk().reboot_after_power_cut();
  Opened third = open_with(world, open_again);
  int64_t found = 0;
  EXPECT_TRUE(third.connection->query("SELECT count(*) FROM t WHERE x = 3", {},
                                      [&](const storage::Row& row) { found = row.int64(0); }));
  return found == 1;
}

TEST(UnsyncedJournal, WhatIsAcknowledgedAfterAStartOutlivesASyncThatFailedBefore) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_TRUE(keeps_what_was_acknowledged(seed, storage::open_sqlite_journal)) << "seed " << seed;
  }
}

// The test of the test: opened like any other file, such a journal loses it.
TEST(UnsyncedJournal, IsLostWithoutWritingTheLogOnceMore) {
  uint64_t lost = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    lost += !keeps_what_was_acknowledged(seed, storage::open_sqlite);
  }
  EXPECT_GT(lost, kSeeds / 10);
}

}  // namespace
}  // namespace ducat::sim
