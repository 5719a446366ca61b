#include "sim/scenarios/promise_run.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kMaxSteps = 3'000'000;
constexpr uint64_t kOperationsToCut = 400;
constexpr Duration kClientsEndWithin = Duration::seconds(3'600);
constexpr Duration kSettledWithin = Duration::seconds(300);
constexpr Duration kSweptWithin = Duration::seconds(8);  // after its deadline
constexpr Duration kLongAway = Duration::seconds(20);
constexpr Duration kLooksEvery = Duration::millis(200);

template <typename T>
T one_of(Random& random, std::initializer_list<T> choices) {
  return *(choices.begin() + random.below(choices.size()));
}

}  // namespace

PromisePlan PromisePlan::draw(Random& random, PromiseBug bug) {
  PromisePlan plan;
  plan.bug = bug;
  plan.transactions = EnginePlan::draw(random);
  plan.audit = EnginePlan::draw(random);
  plan.transactions.durable_journal = bug != PromiseBug::kUnsyncedTransactions;
  plan.audit.durable_journal = bug != PromiseBug::kUnsyncedAudit;
  plan.service.audit_timeout = Duration::millis(one_of<int64_t>(random, {100, 1'000, 5'000}));
  plan.service.wait_for_running = Duration::millis(one_of<int64_t>(random, {50, 5'000}));
  plan.service.waiting_changes = one_of<size_t>(random, {1, 256});
  plan.service.deleted_retention = Duration::seconds(one_of<int64_t>(random, {1, 30 * 86'400}));
  plan.broker = SimBrokerPlan::draw(random, {3 * plan.service.audit_timeout.micros});
  plan.transactions_in_memory = one_of<size_t>(random, {2, 1'000});
  plan.open_changes = one_of<size_t>(random, {2, 1'000});
  plan.late_every = Duration::millis(50);
  plan.overdue_every = Duration::millis(one_of<int64_t>(random, {100, 1'000}));
  plan.purge_every = Duration::millis(one_of<int64_t>(random, {300, 10'000}));
  plan.checkpoints_kept_every = Duration::millis(one_of<int64_t>(random, {100, 3'000}));
  plan.clients = one_of<int>(random, {1, 3, 8});
  plan.sends_per_client = 96 / plan.clients;
  plan.crashes = static_cast<int>(random.below(7));
  plan.crash_every = Duration::millis(one_of<int64_t>(random, {100, 1'000, 4'000}));
  plan.downtime = {one_of<int64_t>(random, {100'000, 2 * plan.service.audit_timeout.micros})};
  plan.faulty_disks = random.below(3) == 0;
  return plan;
}

PromiseRun::PromiseRun(World& world, const PromisePlan& plan)
    : world_(world),
      plan_([&] {
        PromisePlan with = plan;
        with.transactions.vfs = "ducat-sim-transactions";
        with.audit.vfs = "ducat-sim-audit";
        return with;
      }()),
      scheduler_(world.scheduler()),
      ids_(world.random_for("ids")),
      faults_(world.random_for("crashes")),
      broker_(world, plan_.broker),
      transactions_(world, "transactions"),
      audit_(world, "audit"),
      crashes_left_(plan_.crashes) {
  transactions_.make = [this] {
    return std::make_unique<TransactionsLife>(PromiseGround{world_, transactions_.machine, broker_, watch_},
                                              plan_, ids_);
  };
  audit_.make = [this] {
    return std::make_unique<AuditLife>(PromiseGround{world_, audit_.machine, broker_, watch_}, plan_);
  };
}

// What is left in the queues views this.
PromiseRun::~PromiseRun() {
  scheduler_.drop_all();
}

// False: the time is over, or the promise broken.
bool PromiseRun::step_until(const std::function<bool()>& done, Duration limit) {
  Timestamp give_up = scheduler_.monotonic() + limit;
  for (uint64_t i = 0; i < kMaxSteps && !over() && scheduler_.monotonic() < give_up; ++i) {
    tend(transactions_);
    tend(audit_);
    if (done()) return !over();
    if (!scheduler_.step()) break;
  }
  return false;
}

void PromiseRun::tend(Side& side) {
  if (side.life == nullptr) {
    if (scheduler_.monotonic() >= side.up_at) begin(side);
    return;
  }
  if (side.machine.disk().dead() && !side.life->process().stopping()) {
    world_.note(side.machine.name() + " has died");
    side.serving = false;
    side.life->stop();
  }
  if (side.life->process().stopping() && side.life->stopped()) bury(side);
}

void PromiseRun::begin(Side& side) {
  side.life = side.make();
  Status started = side.life->start();
  if (started && !plan_.faulty_disks) started = side.life->verify();
  side.serving = started.has_value();
  side.serving_since = scheduler_.monotonic();
  world_.note(side.machine.name() + (started ? " serves" : " cannot start: " + started.error().message));
  if (started) return;
  if (started.error().code == Errc::kCorrupt && !side.machine.disk().dead())
    return broken(side.machine.name() + ": " + started.error().message);
  side.life->stop();
}

void PromiseRun::bury(Side& side) {
  side.life.reset();
  SimDisk& disk = side.machine.disk();
  bool power_cut = disk.dead() && faults_.below(4) != 0;
  disk.cut_power();
  power_cut ? disk.reboot_after_power_cut() : disk.reboot_after_kill();
  Duration downtime = draw_downtime(side);
  side.up_at = scheduler_.monotonic() + downtime;
  scheduler_.after(downtime, scheduler_.executor("time"), [] {});  // so that time gets there
}

// The audit log is sometimes away for so long that what is open must end without it.
Duration PromiseRun::draw_downtime(const Side& side) {
  Duration downtime{static_cast<int64_t>(faults_.below(static_cast<uint64_t>(plan_.downtime.micros)))};
  if (!calm_ && &side == &audit_ && faults_.below(4) == 0)
    downtime.micros += plan_.service.audit_timeout.micros + kLongAway.micros;
  return downtime;
}

// Whoever is left without an answer, by a crash of either side, is rolled back while the service serves.
void PromiseRun::watch_deadlines() {
  scheduler_.after(kLooksEvery, scheduler_.executor("time"), [this] {
    bool settled_in =
        transactions_.serving && transactions_.serving_since + kSweptWithin < scheduler_.monotonic();
    // With a disk that fails it may take as long as that.
    if (settled_in && !plan_.faulty_disks) {
      if (auto overdue = watch_.overdue(scheduler_.now() - kSweptWithin)) broken(*overdue);
    }
    watch_deadlines();
  });
}

// One of them, the other, or both: the whole machine room.
void PromiseRun::next_crash() {
  if (crashes_left_ == 0) return;
  Duration pause{static_cast<int64_t>(faults_.below(2 * static_cast<uint64_t>(plan_.crash_every.micros)))};
  scheduler_.after(pause, scheduler_.executor("crashes"), [this] {
    if (calm_) return;
    --crashes_left_;
    uint64_t who = 1 + faults_.below(3);
    if ((who & 1) != 0) crash(transactions_);
    if ((who & 2) != 0) crash(audit_);
    next_crash();
  });
}

// Now, or in the middle of some write to come.
void PromiseRun::crash(Side& side) {
  if (!side.serving) return;
  if (faults_.below(2) == 0) {
    side.machine.disk().cut_power();
  } else {
    side.machine.disk().cut_power_after(1 + faults_.below(kOperationsToCut));
  }
}

Status PromiseRun::run() {
  next_crash();
  watch_deadlines();
  for (int i = 0; i < plan_.clients; ++i) {
    start_task(be_a_client(scheduler_.executor("client-" + std::to_string(i % 3))));
  }
  if (plan_.faulty_disks) {
    transactions_.faults.start(true);
    audit_.faults.start(true);
  }
  bool ended = step_until([this] { return tasks_ == 0; }, kClientsEndWithin);
  if (!ended) broken("the clients' work does not end");
  Status held;
  if (!over()) held = settle();
  if (!held) broken(held.error().message);
  calm();
  Status stopped = stop();
  if (over()) return fail(Errc::kCorrupt, *watch_.broken());
  return stopped;
}

// No faults from now on.
void PromiseRun::calm() {
  calm_ = true;
  broker_.heal();
  for (Side* side : {&transactions_, &audit_}) {
    side->faults.stop();
    if (!side->machine.disk().dead()) side->machine.disk().cut_power_after(uint64_t{1} << 60);
  }
}

// Nothing moves any more, and the two services agree.
bool PromiseRun::at_rest() {
  if (!serving() || !broker_.idle() || watch_.unsettled()) return false;
  for (Side* side : {&transactions_, &audit_}) {
    PromiseProcess& process = side->life->process();
    if (process.client().unpublished() != 0 || process.engine().stats().lag_events != 0) return false;
  }
  return true;
}

Status PromiseRun::settle() {
  calm();
  Timestamp next_look;
  auto rest = [&] {
    if (scheduler_.monotonic() < next_look) return false;
    next_look = scheduler_.monotonic() + kLooksEvery;
    return at_rest();
  };
  if (!step_until(rest, kSettledWithin)) {
    broken("not settled " + std::to_string(kSettledWithin.micros / 1'000'000) + " s after the last fault: " +
           watch_.unsettled().value_or(serving() ? "messages are left" : "a service does not start"));
    return {};
  }
  // Nobody acts, and nothing changes any more. Then one more change, as if nothing had been.
  Timestamp until = scheduler_.monotonic() + Duration{2 * plan_.service.audit_timeout.micros + 2'000'000};
  step_until([&] { return scheduler_.monotonic() >= until; }, kSettledWithin);
  if (!over() && !at_rest()) broken("what was at rest moves again");
  start_task(probe(scheduler_.executor("client-0")));
  step_until([&] { return tasks_ == 0 && rest(); }, kSettledWithin);
  if (!over() && !probed_) broken("no change is accepted after the faults");
  if (!over() && !at_rest()) broken("not settled again after one more change");
  start_task(compare_all(scheduler_.executor("client-0")));
  step_until([this] { return tasks_ == 0; }, kSettledWithin);
  if (over()) return {};
  DUCAT_TRY(transactions_.life->verify());
  DUCAT_TRY(audit_.life->verify());
  if (size_t dead = broker_.stored("audit.dlq") + broker_.stored("transactions.dlq"); dead != 0)
    return fail(Errc::kCorrupt, std::to_string(dead) + " messages could not be handled");
  return {};
}

Status PromiseRun::stop() {
  auto ended = [this] {
    bool none = tasks_ == 0;
    for (Side* side : {&transactions_, &audit_}) none = none && (!side->life || side->life->stopped());
    return none;
  };
  for (Side* side : {&transactions_, &audit_}) {
    side->serving = false;
    if (side->life) side->life->stop();
  }
  DUCAT_TRY(scheduler_.run_until(ended, kMaxSteps));
  for (Side* side : {&transactions_, &audit_}) side->life.reset();
  return {};
}

}  // namespace ducat::sim
