#include "sim/scenarios/ledger_life.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kMaxSteps = 400'000;
constexpr uint64_t kMaxStopSteps = 200'000;
constexpr Duration kServedAgainWithin = Duration::seconds(60);

}  // namespace

LedgerLife::LedgerLife(World& world, LedgerHistory& history, const EnginePlan& plan, LedgerBug bug)
    : world_(world), history_(history), plan_(plan), scheduler_(world.scheduler()), model_(bug) {}

// Whatever is still queued belongs to the engine: it goes first.
LedgerLife::~LedgerLife() {
  scheduler_.drop_all();
}

void LedgerLife::broken(std::string what) {
  if (!broken_) broken_ = std::move(what);
}

Status LedgerLife::open() {
  DUCAT_ASSIGN(journal_, open_journal(world_, plan_, ""));
  DUCAT_ASSIGN(tables_, open_tables(world_, plan_, ""));
  engine_ = std::make_unique<kernel::Engine>(
      model_,
      kernel::EnginePorts{scheduler_.executor("decide"), scheduler_.executor("commit"),
                          scheduler_.executor("project"), scheduler_, scheduler_, *journal_, *tables_},
      plan_.engine);
  DUCAT_TRY(engine_->start());
  DUCAT_ASSIGN(reader_, tables_->connect(storage::Access::kReader));
  return {};
}

Status LedgerLife::check_journal() {
  DUCAT_ASSIGN(auto journal, kernel::JournalReader::open(*journal_));
  DUCAT_ASSIGN(folded_, history_.check(*journal));
  return {};
}

// The tables follow; then they are what the journal folds to.
Status LedgerLife::check_tables() {
  auto caught_up = [this] { return dead() || engine_->stats().lag_events == 0; };
  DUCAT_TRY(scheduler_.run_until(caught_up, kMaxSteps));
  if (dead()) return {};
  DUCAT_ASSIGN(auto rows, read_accounts(*reader_));
  if (rows == folded_) return {};
  for (const auto& [id, row] : folded_) {
    if (rows[id] == row) continue;
    return fail(Errc::kCorrupt, "table and journal differ: account " + std::to_string(id) + " has " +
                                    std::to_string(rows[id].balance) + " at " +
                                    std::to_string(rows[id].position) + ", folded " +
                                    std::to_string(row.balance) + " at " + std::to_string(row.position));
  }
  return fail(Errc::kCorrupt, "the tables have accounts that the journal does not know");
}

Status LedgerLife::run(bool with_faults, bool power_may_fail) {
  power_may_fail_ = power_may_fail;
  Status done = open();
  if (done) done = check_pages(*tables_);
  if (done) done = check_journal();
  if (done && world_.random().below(2) == 0) done = check_tables();
  if (done) {
    faulty_ = with_faults;
    done = work();
  }
  if (done && !dead()) done = check_journal();  // stopping has not lost anything either
  // A machine without power breaks no promise; what it leaves is checked by the next life.
  if (broken_) return fail(Errc::kCorrupt, *broken_);
  if (!done && dead() && done.error().code != Errc::kCorrupt) return {};
  return done;
}

Status LedgerLife::work() {
  for (int i = 0; i < plan_.clients; ++i) start_client(i);
  checkpoint();
  if (faulty_) faults_.start(power_may_fail_);
  DUCAT_TRY(scheduler_.run_until([this] { return over() || clients_left_ == 0; }, kMaxSteps));
  faults_.stop();
  if (!over()) DUCAT_TRY(be_served_again());
  if (!over()) DUCAT_TRY(check_journal());
  if (!over()) DUCAT_TRY(check_tables());
  return stop();
}

Status LedgerLife::stop() {
  stopping_ = true;
  bool stopped = false;
  engine_->stop([&stopped] { stopped = true; });
  return scheduler_.run_until([&] { return stopped && clients_left_ == 0; }, kMaxStopSteps);
}

// When the faults are over, commands are accepted again, without anybody's help.
Status LedgerLife::be_served_again() {
  bool served = false;
  Timestamp limit = scheduler_.monotonic() + kServedAgainWithin;
  ++clients_left_;
  start(probe(scheduler_.executor("client-0"), served), [this] { --clients_left_; });
  auto decided = [&] { return served || over() || scheduler_.monotonic() > limit; };
  DUCAT_TRY(scheduler_.run_until(decided, kMaxSteps));
  if (served || over()) return {};
  stopping_ = true;
  return fail(Errc::kCorrupt, "not serving a minute after the last fault: " + engine_->stats().trouble);
}

Task<> LedgerLife::probe(Executor& home, bool& served) {
  while (!served && !over() && !stopping_) {
    TransferSubmission submission(home);
    std::string key = next_key("probe");
    submission.operations.emplace_back();
    submission.operations[0].transfer = {kWorldAccount, 1, 1};
    submission.operations[0].key = key;
    submission.operations[0].fingerprint = fingerprint_of(submission.operations[0].transfer);
    history_.sent(key, submission.operations[0].transfer);
    co_await engine_->submit(submission);
    judge(submission);
    served = submission.operations[0].verdict == kernel::Verdict::kAccepted;
    if (!served) co_await pause(scheduler_, home, Duration::millis(100));
  }
}

void LedgerLife::checkpoint() {
  if (stopping_ || over()) return;
  for (auto* database : {journal_.get(), tables_.get()}) {
    Status status = database->checkpoint();
    if (!status && !dead() && !faulty_) broken("checkpoint: " + status.error().message);
  }
  scheduler_.after(plan_.checkpoint_every, scheduler_.executor("checkpoint"), [this] { checkpoint(); });
}

}  // namespace ducat::sim
