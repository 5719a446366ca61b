#include "sim/scenarios/sqlite_commits.h"

#include <sqlite3.h>

#include "sim/world/sqlite_session.h"

namespace ducat::sim {
namespace {

constexpr const char* kPath = "/data/commits.db";
constexpr int kLives = 5;
constexpr int64_t kCommitsPerLife = 60;
constexpr uint64_t kOperationsPerLife = 400;
constexpr uint64_t kMaxStepsPerLife = 50'000;

// Commit `n` inserts parts_of(n) rows; all of it follows from n, so the check needs no second copy.
int64_t parts_of(int64_t commit) {
  return 1 + static_cast<int64_t>(hash64("parts", static_cast<uint64_t>(commit)) % 6);
}

// Payloads from nothing to several pages.
std::string payload_sql(int64_t commit, int64_t part) {
  uint64_t draw = hash64("payload", static_cast<uint64_t>(commit * 16 + part));
  std::string fill = std::to_string(draw % 5 == 0 ? draw % 9000 : draw % 300);
  return "CAST(substr(replace(hex(zeroblob(" + fill + ")), '00', 'c" + std::to_string(draw % 1000) +
         ";'), 1, " + fill + ") AS BLOB)";
}

struct Model {
  int64_t acknowledged = 0;  // commits 1…n were answered OK
  int64_t attempted = 0;     // n + 1 if one more was on its way
};

Error broken(std::string what) {
  return Error{Errc::kCorrupt, std::move(what)};
}

const char* pragma_of(Synchronous mode) {
  switch (mode) {
    case Synchronous::kFull:
      return "FULL";
    case Synchronous::kNormal:
      return "NORMAL";
    case Synchronous::kOff:
      return "OFF";
  }
  return "FULL";
}

// The process between two crashes. Each piece of work is one statement, so the three interleave anywhere.
class Life {
 public:
  Life(World& world, Model& model, Synchronous mode) : world_(world), model_(model), mode_(mode) {}

  // Runs until the power fails, a promise breaks or the commits are done.
  Status run() {
    setup();
    if (!over()) {
      post(write_lane_, [this] { write(); });
      post(read_lane_, [this] { read(); });
      post(check_lane_, [this] { checkpoint(); });
      DUCAT_TRY(world_.scheduler().run_until([this] { return over(); }, kMaxStepsPerLife));
    }
    world_.scheduler().drop_all();
    if (error_) return fail(error_->code, error_->message);
    return {};
  }

 private:
  using Step = void (Life::*)();

  bool over() const { return error_.has_value() || world_.disk().dead() || done_; }

  void post(Executor& lane, Work work) {
    Duration pause{static_cast<int64_t>(world_.random().below(300))};
    world_.scheduler().after(pause, lane, std::move(work));
  }

  // Whether to go on: an error other than "busy" is a broken promise unless the power is gone.
  bool fine(SqliteSession& session, const char* doing) {
    int code = session.code() & 0xFF;
    if (code == SQLITE_OK || code == SQLITE_BUSY) return true;
    if (!world_.disk().dead() && !error_) error_ = broken(std::string(doing) + ": " + session.message());
    return false;
  }

  void setup() {
    for (SqliteSession* session : {&writer_, &reader_, &checkpointer_}) {
      session->exec(
          "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=20; PRAGMA synchronous=" +
          std::string(pragma_of(mode_)));
      if (!fine(*session, "opening")) return;
    }
    writer_.exec(
        "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS part(tx INTEGER, part INTEGER, payload BLOB,"
        " PRIMARY KEY(tx, part)) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS total(id INTEGER PRIMARY KEY, rows INTEGER);"
        "INSERT OR IGNORE INTO total VALUES(1, 0); COMMIT");
    fine(writer_, "making tables");
  }

  void write() {
    if (over()) return;
    int64_t tx = model_.acknowledged + 1;
    std::string id = std::to_string(tx);
    if (next_part_ < 0) {
      if (writer_.exec("BEGIN IMMEDIATE") == SQLITE_OK) next_part_ = 0;
      if (!fine(writer_, "BEGIN")) return;
    } else if (next_part_ < parts_of(tx)) {
      writer_.exec("INSERT INTO part VALUES(" + id + "," + std::to_string(next_part_) + "," +
                   payload_sql(tx, next_part_) + "); UPDATE total SET rows = rows + 1");
      if (!fine(writer_, "INSERT")) return;
      ++next_part_;
    } else {
      model_.attempted = tx;
      int code = writer_.exec("COMMIT");
      if (!fine(writer_, "COMMIT")) return;
      if (code == SQLITE_OK) acknowledge(tx);
    }
    post(write_lane_, [this] { write(); });
  }

  void acknowledge(int64_t tx) {
    model_.acknowledged = tx;
    next_part_ = -1;
    world_.trace().add("acknowledged", tx);
    if (++commits_ == kCommitsPerLife) done_ = true;
  }

  // A snapshot keeps its content however long it is open, and is never older than what was answered before
  // it.
  void read() {
    if (over()) return;
    if (!reading_) {
      reader_.exec("BEGIN");
      expected_at_least_ = model_.acknowledged;
    }
    auto last = reader_.number("SELECT coalesce(max(tx), 0) FROM part");
    if (!fine(reader_, "reading")) return;
    auto rows = reader_.number("SELECT (SELECT count(*) FROM part) - (SELECT rows FROM total)");
    if (!fine(reader_, "reading")) return;
    if (rows.value_or(-1) != 0) error_ = broken("a reader saw part of a commit");
    if (reading_ ? last != snapshot_ : last < expected_at_least_)
      error_ = broken("a snapshot moved or was stale");
    snapshot_ = last;
    reading_ = world_.random().below(3) != 0;
    if (!reading_) reader_.exec("COMMIT");
    post(read_lane_, [this] { read(); });
  }

  void checkpoint() {
    if (over()) return;
    static constexpr const char* kKinds[] = {"PASSIVE", "FULL", "RESTART", "TRUNCATE"};
    checkpointer_.exec(std::string("PRAGMA wal_checkpoint(") + kKinds[world_.random().below(4)] + ")");
    if (!fine(checkpointer_, "checkpoint")) return;
    Duration pause{static_cast<int64_t>(world_.random().below(20'000))};
    world_.scheduler().after(pause, check_lane_, [this] { checkpoint(); });
  }

  World& world_;
  Model& model_;
  Synchronous mode_;
  Executor& write_lane_ = world_.scheduler().executor("writer");
  Executor& read_lane_ = world_.scheduler().executor("reader");
  Executor& check_lane_ = world_.scheduler().executor("checkpointer");
  SqliteSession writer_{kPath};
  SqliteSession reader_{kPath};
  SqliteSession checkpointer_{kPath};
  std::optional<Error> error_;
  bool done_ = false;
  int64_t commits_ = 0;
  int64_t next_part_ = -1;  // -1: no transaction is open
  bool reading_ = false;
  std::optional<int64_t> snapshot_;
  int64_t expected_at_least_ = 0;
};

Status check_commit(SqliteSession& db, int64_t tx) {
  std::string id = std::to_string(tx);
  auto rows = db.number("SELECT count(*) FROM part WHERE tx = " + id);
  if (rows != parts_of(tx)) return fail(Errc::kCorrupt, "commit " + id + " is half there");
  for (int64_t part = 0; part < parts_of(tx); ++part) {
    auto same = db.number("SELECT payload = " + payload_sql(tx, part) + " FROM part WHERE tx = " + id +
                          " AND part = " + std::to_string(part));
    if (same != 1) return fail(Errc::kCorrupt, "commit " + id + " has other bytes than were written");
  }
  return {};
}

// After a restart: whole, without holes, and as new as promised. `may_lose`: the newest commits may be gone.
Status check(Model& model, bool may_lose) {
  SqliteSession db(kPath);
  auto verdict = db.text("PRAGMA integrity_check");
  if (verdict != "ok") return fail(Errc::kCorrupt, "integrity_check: " + verdict.value_or(db.message()));
  int64_t there = 0;
  if (db.number("SELECT count(*) FROM sqlite_schema WHERE name = 'part'") == 1) {
    there = db.number("SELECT coalesce(max(tx), 0) FROM part").value_or(0);
  }
  for (int64_t tx = 1; tx <= there; ++tx) DUCAT_TRY(check_commit(db, tx));
  if (there < model.acknowledged && !may_lose) {
    return fail(Errc::kCorrupt, "lost: commit " + std::to_string(model.acknowledged) +
                                    " was answered OK, the newest after the crash is " +
                                    std::to_string(there));
  }
  if (there > std::max(model.acknowledged, model.attempted)) {
    return fail(Errc::kCorrupt, "commit " + std::to_string(there) + " was never sent");
  }
  model.acknowledged = model.attempted = there;
  return {};
}

}  // namespace

std::string_view SqliteCommits::name() const {
  switch (mode_) {
    case Synchronous::kFull:
      return "sqlite-commits-full";
    case Synchronous::kNormal:
      return "sqlite-commits-normal";
    case Synchronous::kOff:
      return "sqlite-commits-off";
  }
  return "sqlite-commits";
}

Status SqliteCommits::run(World& world) {
  Model model;
  for (int life = 0; life < kLives; ++life) {
    bool power_cut = world.random().below(4) != 0;
    world.disk().cut_power_after(1 + world.random().below(kOperationsPerLife));
    DUCAT_TRY(Life(world, model, mode_).run());
    world.note("crash after " + std::to_string(model.acknowledged) + " commits");
    if (power_cut) {
      world.disk().reboot_after_power_cut();
    } else {
      world.disk().reboot_after_kill();
    }
    bool promises_all = mode_ == Synchronous::kFull || planted_ || !power_cut;
    DUCAT_TRY(check(model, !promises_all));
  }
  return {};
}

}  // namespace ducat::sim
