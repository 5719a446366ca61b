// Sorted runs of idempotency keys in tables; see key_runs.h.
#include "kernel/projection/key_runs.h"

#include <algorithm>
#include <cstring>
#include <queue>

namespace ducat::kernel {
namespace {

using storage::Blob;
using storage::Column;
using storage::ColumnType;
using storage::Row;

// Entries of a chunk: 32 KiB, a few pages.
constexpr size_t kChunkEntries = 2048;

constexpr Column kChunkColumns[] = {
    {"run", ColumnType::kInt64}, {"first_hash", ColumnType::kInt64}, {"entries", ColumnType::kBlob}};
constexpr storage::BulkTable kChunks{"key_chunks", kChunkColumns, 2, storage::OnConflict::kReplace};

std::string_view bytes_of(std::span<const KeyEntry> entries) {
  static_assert(sizeof(KeyEntry) == 16 && std::is_trivially_copyable_v<KeyEntry>);
  return {reinterpret_cast<const char*>(entries.data()), entries.size_bytes()};
}

Result<std::vector<KeyEntry>> entries_of(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % sizeof(KeyEntry) != 0)
    return fail(Errc::kCorrupt, "a chunk of idempotency keys is damaged");
  std::vector<KeyEntry> entries(bytes.size() / sizeof(KeyEntry));
  std::memcpy(entries.data(), bytes.data(), bytes.size());
  return entries;
}

// Writes a run chunk by chunk, so that a large merge needs little memory.
class RunWriter {
 public:
  RunWriter(storage::Connection& connection, KeyRun run) : connection_(connection), run_(std::move(run)) {
    run_.filter = KeyFilter(run_.keys);
    run_.keys = 0;
  }

  Status add(KeyEntry entry) {
    run_.filter.add(static_cast<uint64_t>(entry.hash));
    ++run_.keys;
    // Equal hashes stay in one chunk, so that a look-up reads one chunk.
    if (chunk_.size() >= kChunkEntries && chunk_.back().hash != entry.hash) DUCAT_TRY(flush());
    chunk_.push_back(entry);
    return {};
  }

  // The same run may be written twice: the outcome of the first commit may have been unknown.
  Result<KeyRun> finish() {
    DUCAT_TRY(flush());
    DUCAT_TRY(connection_.execute(
        "INSERT INTO key_runs (run, level, keys, newest_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        {run_.id, int64_t{run_.level}, static_cast<int64_t>(run_.keys), run_.newest_at.micros}));
    DUCAT_TRY(
        connection_.execute("INSERT INTO key_filters (run, bits) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                            {run_.id, Blob{run_.filter.bits()}}));
    return std::move(run_);
  }

 private:
  Status flush() {
    if (chunk_.empty()) return {};
    storage::ColumnBatch batch(kChunkColumns);
    batch.add(run_.id);
    batch.add(chunk_.front().hash);
    batch.add(bytes_of(chunk_));
    DUCAT_TRY(connection_.write(kChunks, batch));
    chunk_.clear();
    return {};
  }

  storage::Connection& connection_;
  KeyRun run_;
  std::vector<KeyEntry> chunk_;
};

// Reads a run in order, a chunk at a time.
class RunCursor {
 public:
  RunCursor(storage::Connection& connection, int64_t run) : connection_(connection), run_(run) {}

  // Makes `current` valid, or says that the run is at its end.
  Result<bool> advance() {
    if (++at_ < chunk_.size()) return true;
    bool found = false;
    Status damaged;
    auto take = [&](const Row& row) {
      auto entries = entries_of(row.blob(1));
      if (!entries) {
        damaged = propagate(entries);
        return;
      }
      found = true;
      first_hash_ = row.int64(0);
      chunk_ = std::move(*entries);
    };
    if (started_) {
      DUCAT_TRY(
          connection_.query("SELECT first_hash, entries FROM key_chunks WHERE run = $1 AND first_hash > $2 "
                            "ORDER BY first_hash LIMIT 1",
                            {run_, first_hash_}, take));
    } else {
      DUCAT_TRY(
          connection_.query("SELECT first_hash, entries FROM key_chunks WHERE run = $1 "
                            "ORDER BY first_hash LIMIT 1",
                            {run_}, take));
      started_ = true;
    }
    DUCAT_TRY(std::move(damaged));
    at_ = 0;
    return found;
  }
  const KeyEntry& current() const { return chunk_[at_]; }

 private:
  storage::Connection& connection_;
  int64_t run_;
  int64_t first_hash_ = 0;
  bool started_ = false;
  std::vector<KeyEntry> chunk_;
  size_t at_ = 0;
};

}  // namespace

Result<KeyRun> write_key_run(storage::Connection& connection, int64_t id, int level, Timestamp newest_at,
                             std::span<const KeyEntry> sorted) {
  RunWriter writer(connection, KeyRun{id, level, sorted.size(), newest_at, {}});
  for (const KeyEntry& entry : sorted) DUCAT_TRY(writer.add(entry));
  return writer.finish();
}

Status drop_key_run(storage::Connection& connection, int64_t id) {
  DUCAT_TRY(connection.execute("DELETE FROM key_chunks WHERE run = $1", {id}));
  DUCAT_TRY(connection.execute("DELETE FROM key_filters WHERE run = $1", {id}));
  DUCAT_TRY(connection.execute("DELETE FROM key_runs WHERE run = $1", {id}));
  return {};
}

Result<KeyRun> merge_key_runs(storage::Connection& connection, std::span<const KeyRun> runs, int64_t new_id) {
  KeyRun merged{new_id, runs.front().level + 1, 0, {}, {}};
  std::vector<RunCursor> cursors;
  for (const KeyRun& run : runs) {
    merged.keys += run.keys;
    merged.newest_at = std::max(merged.newest_at, run.newest_at);
    cursors.emplace_back(connection, run.id);
  }
  auto later = [&cursors](size_t a, size_t b) {
    return cursors[a].current().hash > cursors[b].current().hash;
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> heads(later);
  for (size_t i = 0; i < cursors.size(); ++i) {
    DUCAT_ASSIGN(bool more, cursors[i].advance());
    if (more) heads.push(i);
  }
  RunWriter writer(connection, std::move(merged));
  while (!heads.empty()) {
    size_t least = heads.top();
    heads.pop();
    DUCAT_TRY(writer.add(cursors[least].current()));
    DUCAT_ASSIGN(bool more, cursors[least].advance());
    if (more) heads.push(least);
  }
  return writer.finish();
}

Status KeyRuns::load(storage::Connection& connection) {
  runs_.clear();
  next_id_ = 1;
  Status damaged;
  DUCAT_TRY(connection.query(
      "SELECT r.run, r.level, r.keys, r.newest_at, f.bits FROM key_runs r JOIN key_filters f ON f.run = "
      "r.run "
      "ORDER BY r.run",
      {}, [&](const Row& row) {
        auto keys = static_cast<uint64_t>(row.int64(2));
        auto filter = KeyFilter::from_bits(row.blob(4), keys);
        if (!filter || row.int64(0) < 0 || row.int64(0) == INT64_MAX) {
          damaged = fail(Errc::kCorrupt, "a run of idempotency keys is damaged");
          return;
        }
        add(KeyRun{row.int64(0), static_cast<int>(row.int64(1)), keys, {row.int64(3)}, std::move(*filter)});
      }));
  return damaged;
}

void KeyRuns::add(KeyRun run) {
  next_id_ = std::max(next_id_, run.id + 1);
  runs_.push_back(std::move(run));
}

void KeyRuns::remove(int64_t id) {
  std::erase_if(runs_, [id](const KeyRun& run) { return run.id == id; });
}

bool KeyRuns::may_contain(uint64_t hash) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [hash](const KeyRun& run) { return run.filter.may_contain(hash); });
}

Result<std::vector<RecordNumber>> KeyRuns::find(storage::Connection& connection, uint64_t hash) const {
  std::vector<RecordNumber> found;
  auto wanted = static_cast<int64_t>(hash);
  for (const KeyRun& run : runs_) {
    if (!run.filter.may_contain(hash)) continue;
    Status damaged;
    DUCAT_TRY(connection.query(
        "SELECT entries FROM key_chunks WHERE run = $1 AND first_hash <= $2 "
        "ORDER BY first_hash DESC LIMIT 1",
        {run.id, wanted}, [&](const Row& row) {
          auto entries = entries_of(row.blob(0));
          if (!entries) {
            damaged = propagate(entries);
            return;
          }
          auto [from, to] =
              std::equal_range(entries->begin(), entries->end(), KeyEntry{wanted, 0},
                               [](const KeyEntry& a, const KeyEntry& b) { return a.hash < b.hash; });
          for (auto at = from; at != to; ++at) found.push_back(at->record);
        }));
    DUCAT_TRY(std::move(damaged));
  }
  return found;
}

std::vector<KeyRun> KeyRuns::due_for_merge() const {
  for (int level = 0; level < kMaxLevel; ++level) {
    std::vector<KeyRun> same;
    for (const KeyRun& run : runs_) {
      if (run.level != level) continue;
      same.push_back(KeyRun{run.id, run.level, run.keys, run.newest_at, {}});
      if (same.size() == kFanIn) return same;
    }
  }
  return {};
}

std::vector<int64_t> KeyRuns::older_than(Timestamp time) const {
  std::vector<int64_t> old;
  for (const KeyRun& run : runs_) {
    if (run.newest_at < time) old.push_back(run.id);
  }
  return old;
}

uint64_t KeyRuns::keys() const {
  uint64_t total = 0;
  for (const KeyRun& run : runs_) total += run.keys;
  return total;
}

}  // namespace ducat::kernel
