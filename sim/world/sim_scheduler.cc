#include "sim/world/sim_scheduler.h"

#include "base/check.h"

namespace ducat::sim {
namespace {

constexpr int64_t kYear2026Micros = 1'767'225'600'000'000;
constexpr uint64_t kUsualWorkMicros = 100;
constexpr uint64_t kStalledWorkMicros = 20'000;  // a thread the operating system forgot for a while
constexpr uint64_t kStallOneIn = 200;

}  // namespace

class SimScheduler::Lane final : public Executor {
 public:
  Lane(SimScheduler& scheduler, std::string name, size_t threads)
      : scheduler_(scheduler), name_(std::move(name)), free_at_(threads) {}

  void post(Work work) override {
    scheduler_.check_thread();
    queue_.push_back(std::move(work));
  }

  const std::string& name() const { return name_; }
  bool empty() const { return queue_.empty(); }
  void clear() {
    std::deque<Work> dropped;
    dropped.swap(queue_);
  }
  Timestamp free_at() const { return *std::min_element(free_at_.begin(), free_at_.end()); }

  Work take(Random& random) {
    size_t index = free_at_.size() > 1 ? random.below(queue_.size()) : 0;
    auto chosen = queue_.begin() + static_cast<ptrdiff_t>(index);
    Work work = std::move(*chosen);
    queue_.erase(chosen);
    return work;
  }
  void busy_until(Timestamp time) { *std::min_element(free_at_.begin(), free_at_.end()) = time; }

 private:
  SimScheduler& scheduler_;
  std::string name_;
  std::deque<Work> queue_;
  std::vector<Timestamp> free_at_;  // one for each thread
};

SimScheduler::SimScheduler(uint64_t seed, Trace& trace)
    : seed_(seed), trace_(trace), random_(hash64("scheduler", seed)) {
  wall_offset_.micros = kYear2026Micros + static_cast<int64_t>(random_.below(365ULL * 86'400'000'000ULL));
}

SimScheduler::~SimScheduler() {
  drop_all();
}

void SimScheduler::check_thread() const {
  DUCAT_CHECK(std::this_thread::get_id() == owner_, "a thread in the simulator: its order is not the seed's");
}

Timestamp SimScheduler::now() {
  return monotonic_ + wall_offset_;
}

Executor& SimScheduler::executor(std::string_view name, size_t threads) {
  DUCAT_CHECK(threads > 0, "an executor needs a thread");
  for (auto& lane : lanes_) {
    if (lane->name() == name) return *lane;
  }
  lanes_.push_back(std::make_unique<Lane>(*this, std::string(name), threads));
  return *lanes_.back();
}

SimScheduler::Id SimScheduler::after(Duration delay, Executor& executor, Work work) {
  check_thread();
  auto* lane = dynamic_cast<Lane*>(&executor);
  DUCAT_CHECK(lane != nullptr, "a simulated timer needs a simulated executor");
  Timestamp due = monotonic_ + Duration{std::max<int64_t>(delay.micros, 0)};
  Id id = next_timer_++;
  timers_.emplace(std::pair{due.micros, id}, Timer{due, id, lane, std::move(work)});
  timer_due_.emplace(id, due.micros);
  return id;
}

bool SimScheduler::cancel(Id id) {
  check_thread();
  auto found = timer_due_.find(id);
  if (found == timer_due_.end()) return false;
  timers_.erase({found->second, id});
  timer_due_.erase(found);
  return true;
}

void SimScheduler::spend(Duration duration) {
  DUCAT_CHECK(duration.micros >= 0, "time does not run backwards");
  monotonic_ = monotonic_ + duration;
}

void SimScheduler::fire_due_timers() {
  while (!timers_.empty() && timers_.begin()->second.due <= monotonic_) {
    auto node = timers_.extract(timers_.begin());
    Timer& timer = node.mapped();
    timer_due_.erase(timer.id);
    trace_.add("timer", timer.id, monotonic_.micros);
    timer.lane->post(std::move(timer.work));
  }
}

bool SimScheduler::advance() {
  bool found = false;
  Timestamp next;
  auto consider = [&](Timestamp time) {
    if (!found || time < next) next = time;
    found = true;
  };
  if (!timers_.empty()) consider(timers_.begin()->second.due);
  for (const auto& lane : lanes_) {
    if (!lane->empty()) consider(lane->free_at());
  }
  if (found && monotonic_ < next) monotonic_ = next;
  return found;
}

Duration SimScheduler::draw_cost() {
  uint64_t bound = random_.below(kStallOneIn) == 0 ? kStalledWorkMicros : kUsualWorkMicros;
  return {static_cast<int64_t>(1 + random_.below(bound))};
}

bool SimScheduler::step() {
  check_thread();
  for (;;) {
    fire_due_timers();
    ready_.clear();
    for (auto& lane : lanes_) {
      if (!lane->empty() && lane->free_at() <= monotonic_) ready_.push_back(lane.get());
    }
    if (!ready_.empty()) break;
    if (!advance()) return false;
  }
  Lane& lane = *ready_[random_.below(ready_.size())];
  Duration cost = draw_cost();
  ++steps_;
  trace_.add("run", hash64(lane.name()), monotonic_.micros, cost.micros);
  Work work = lane.take(random_);
  Timestamp started = monotonic_;
  work();
  lane.busy_until(std::max(started, monotonic_) + cost);
  return true;
}

Status SimScheduler::run_until(const std::function<bool()>& done, uint64_t max_steps) {
  for (uint64_t i = 0; i < max_steps; ++i) {
    if (done()) return {};
    if (!step()) {
      if (done()) return {};
      return fail(Errc::kConflict, "seed " + std::to_string(seed_) +
                                       ": stuck, nothing is left to run after step " +
                                       std::to_string(steps_));
    }
  }
  if (done()) return {};
  return fail(Errc::kTimeout, "seed " + std::to_string(seed_) + ": not finished after " +
                                  std::to_string(max_steps) + " steps");
}

Status SimScheduler::run_for(Duration duration, uint64_t max_steps) {
  Timestamp end = monotonic_ + duration;
  Id alarm = after(duration, executor("scheduler.alarm"), [] {});  // so that time gets there
  Status status = run_until([&] { return monotonic_ >= end; }, max_steps);
  cancel(alarm);
  return status;
}

void SimScheduler::drop_all() {
  timers_.clear();
  timer_due_.clear();
  for (auto& lane : lanes_) lane->clear();
}

void SimScheduler::drop(std::string_view prefix) {
  std::vector<Work> dropped;  // goes last: what it owns may look at the timers
  for (auto timer = timers_.begin(); timer != timers_.end();) {
    if (!timer->second.lane->name().starts_with(prefix)) {
      ++timer;
      continue;
    }
    timer_due_.erase(timer->second.id);
    dropped.push_back(std::move(timer->second.work));
    timer = timers_.erase(timer);
  }
  for (auto& lane : lanes_) {
    if (lane->name().starts_with(prefix)) lane->clear();
  }
}

}  // namespace ducat::sim
