#include "sim/scenarios/engine_plan.h"

#include "platform/storage/sqlite/sqlite.h"

namespace ducat::sim {
namespace {

template <typename T>
T one_of(Random& random, std::initializer_list<T> choices) {
  return *(choices.begin() + random.below(choices.size()));
}

// Kinds of faults of a disk, and that they end.
enum Fault : uint64_t { kSyncs, kSyncsOfTables, kDirectorySyncs, kReads, kFull, kHeal, kKinds };

storage::SqliteOptions options_of(World& world, const EnginePlan& plan, std::string path) {
  storage::SqliteOptions options;
  options.vfs = plan.vfs.empty() ? world.vfs().name() : plan.vfs;
  options.mmap_bytes = 0;
  options.page_bytes = plan.page_bytes;
  options.wal_limit_bytes = plan.log_limit_bytes;
  options.cache_bytes = 1 << 16;  // small, so that pages are spilled and read again
  options.path = std::move(path);
  return options;
}

}  // namespace

EnginePlan EnginePlan::draw(Random& random) {
  EnginePlan plan;
  plan.engine.lease.holder = "simulated";
  plan.engine.batch_operations = one_of<size_t>(random, {1, 3, 16, 4096});
  plan.engine.lag_events = one_of<uint64_t>(random, {8, 100, 400'000});
  plan.engine.keys_in_memory = one_of<size_t>(random, {2, 8, 40, 65'536});
  plan.engine.waiting_operations = one_of<size_t>(random, {4, 65'536});
  plan.engine.key_life = Duration::seconds(int64_t{7} * 24 * 3600);
  plan.engine.projector.enough_events = one_of<uint32_t>(random, {1, 10, 20'000});
  plan.engine.projector.most_events = one_of<uint32_t>(random, {1, 10, 100'000});
  plan.engine.projector.linger = Duration::millis(one_of<int64_t>(random, {1, 20, 200}));
  plan.accounts = one_of<uint64_t>(random, {2, 5, 40, 400});
  plan.clients = one_of<int>(random, {1, 4, 12});
  plan.sends_per_client = 120 / plan.clients;
  plan.page_bytes = one_of<int>(random, {512, 1024, 4096});
  plan.log_limit_bytes = one_of<int64_t>(random, {4096, 65'536, 1 << 20});
  plan.checkpoint_every = Duration::millis(one_of<int64_t>(random, {2, 30, 500}));
  return plan;
}

Result<std::unique_ptr<storage::Database>> open_journal(World& world, const EnginePlan& plan,
                                                        std::string name) {
  storage::SqliteOptions options = options_of(world, plan, kJournalPrefix + name + ".db");
  options.synchronous_full = plan.durable_journal;
  return storage::open_sqlite_journal(std::move(options));
}

Result<std::unique_ptr<storage::Database>> open_tables(World& world, const EnginePlan& plan,
                                                       std::string name) {
  storage::SqliteOptions options = options_of(world, plan, kTablesPrefix + name + ".db");
  options.synchronous_full = false;
  if (!plan.minds_seals) return storage::open_sqlite(std::move(options));
  DUCAT_ASSIGN(storage::OpenedTables opened, storage::open_sqlite_tables(std::move(options)));
  if (opened.thrown_away) world.note("tables" + name + " are thrown away: a sync had failed");
  return std::move(opened.database);
}

Status check_pages(storage::Database& database) {
  DUCAT_ASSIGN(auto connection, database.connect(storage::Access::kReader));
  std::string found;
  DUCAT_TRY(connection->query("PRAGMA integrity_check(1)", {},
                              [&](const storage::Row& row) { found = row.text(0); }));
  if (found == "ok") return {};
  return fail(Errc::kCorrupt, database.describe() + ": " + found);
}

void DiskFaults::start(bool power_may_fail) {
  going_on_ = true;
  power_may_fail_ = power_may_fail;
  Random& random = world_.random();
  only_ = random.below(2) == 0 ? std::optional(random.below(kHeal)) : std::nullopt;
  pause_micros_ = one_of<uint64_t>(random, {5'000, 60'000});
  wait_for_next();
}

void DiskFaults::stop() {
  if (!going_on_) return;
  going_on_ = false;
  world_.scheduler().cancel(timer_);
  heal();
}

void DiskFaults::wait_for_next() {
  Duration pause{static_cast<int64_t>(world_.random().below(pause_micros_))};
  timer_ = world_.scheduler().after(pause, world_.scheduler().executor("faults"), [this] {
    if (going_on_) next();
  });
}

void DiskFaults::next() {
  Random& random = world_.random();
  auto few = static_cast<uint32_t>(1 + random.below(3));
  // A disk that is never well for long shows little of what comes after a fault.
  uint64_t fault = only_ && random.below(2) == 0 ? *only_ : random.below(kKinds);
  if (only_ && fault != *only_) fault = kHeal;
  switch (fault) {
    case kSyncs:
      disk_.fail_syncs(few, one_of(random, {kJournalPrefix, kTablesPrefix, ""}));
      break;
    case kSyncsOfTables:
      disk_.fail_syncs(few, kTablesPrefix);
      // Within the next checkpoint, or soon after.
      if (power_may_fail_ && random.below(2) == 0) disk_.cut_power_after(1 + random.below(300));
      break;
    case kDirectorySyncs:
      disk_.fail_directory_syncs(few);
      break;
    case kReads:
      disk_.fail_reads(few);
      break;
    case kFull:
      disk_.set_capacity(disk_.used_bytes() + 1 + random.below(20'000));
      break;
    default:
      heal();
  }
  wait_for_next();
}

void DiskFaults::heal() {
  disk_.fail_syncs(0);
  disk_.fail_directory_syncs(0);
  disk_.fail_reads(0);
  disk_.set_capacity(0);
}

}  // namespace ducat::sim
