// One poll(2) over the children's pipes and our signals; see process_group.h.
#include "app/process_group.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "app/local_servers.h"
#include "base/system.h"
#include "platform/rpc/json_text.h"

namespace ducat::app {
namespace {

constexpr Duration kFirstPause = Duration::millis(200);
constexpr Duration kLongestPause = Duration::seconds(10);
constexpr int kMostFailuresBeforeReady = 5;
constexpr int kMostDoublings = 10;
constexpr size_t kLogBytes = size_t{64} << 20;

Timestamp now() {
  return SystemClock().monotonic();
}

}  // namespace

ProcessGroup::ProcessGroup(std::string directory, Duration good_life)
    : directory_(std::move(directory)), good_life_(good_life) {}

Status ProcessGroup::open() {
  sigset_t heard;
  sigemptyset(&heard);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&heard, number);
  sigprocmask(SIG_BLOCK, &heard, nullptr);
  signals_ = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) return fail(Errc::kIo, std::string("signalfd: ") + std::strerror(errno));
  log_.open(directory_ + "/ducat.log", std::ios::app);
  if (!log_) return fail(Errc::kIo, directory_ + "/ducat.log cannot be written");
  return {};
}

void ProcessGroup::write(std::string_view name, std::string_view line) {
  if (logged_ > kLogBytes) {
    log_.close();
    (void)std::rename((directory_ + "/ducat.log").c_str(), (directory_ + "/ducat.log.1").c_str());
    log_.open(directory_ + "/ducat.log", std::ios::app);
    logged_ = 0;
  }
  constexpr size_t kWidth = 12;
  std::string prefix(name);
  prefix.resize(std::max(kWidth, prefix.size()), ' ');
  log_ << prefix << " | " << line << '\n' << std::flush;
  logged_ += prefix.size() + line.size() + 4;
}

Status ProcessGroup::launch(Supervised& process) {
  process.started = now();
  process.again = {};
  process.ready = false;
  DUCAT_TRY(process.child->start());
  write_list();
  return {};
}

Status ProcessGroup::add(Supervised added) {
  processes_.push_back(std::move(added));
  return launch(processes_.back());
}

void ProcessGroup::read(Supervised& process) {
  process.child->read_lines([&](std::string_view line) {
    write(process.child->spec().name, line);
    process.last_line = line;
    const std::string& text = process.ready_text;
    if (!text.empty() && (line.starts_with(text) || line.ends_with(text))) {
      process.ready = process.ever_ready = true;
    }
  });
}

Status ProcessGroup::reap(Supervised& process) {
  std::string how;
  if (!process.child->ended(how)) return {};
  read(process);
  const std::string& name = process.child->spec().name;
  const bool was_ready = process.ready || (process.ready_text.empty() && process.ever_ready);
  const bool was_good = was_ready && now() - process.started > good_life_;
  process.failures = was_good ? 1 : process.failures + 1;
  // What has been ready once is not given up: that would take all the others down with it.
  if (!process.ever_ready && process.failures >= kMostFailuresBeforeReady) {
    return fail(Errc::kUnavailable, name + " has died " + std::to_string(process.failures) + " times (" +
                                        how + "): " + process.last_line);
  }
  Duration pause{
      std::min(kFirstPause.micros << std::min(process.failures - 1, kMostDoublings), kLongestPause.micros)};
  process.again = now() + pause;
  say(name + " has died (" + how + "); it is started again in " + std::to_string(pause.micros / 1000) +
      " ms");
  write_list();
  return {};
}

void ProcessGroup::look_at_ports() {
  for (Supervised& process : processes_) {
    if (process.ready || !process.ready_text.empty() || !process.child->running()) continue;
    process.ready = accepts(process.port);
    process.ever_ready = process.ever_ready || process.ready;
  }
}

Result<bool> ProcessGroup::work(Duration limit) {
  Timestamp end = now() + limit;
  std::vector<pollfd> waiting = {{signals_, POLLIN, 0}};
  for (Supervised& process : processes_) {
    waiting.push_back({process.child->output(), POLLIN, 0});  // -1 is passed over
    if (process.again.micros != 0) end = std::min(end, process.again);
  }
  int64_t millis = std::max<int64_t>((end - now()).micros / 1000, 0);
  poll(waiting.data(), waiting.size(), static_cast<int>(millis));
  bool stop = false;
  signalfd_siginfo heard{};
  while (::read(signals_, &heard, sizeof(heard)) == sizeof(heard)) {
    stop = stop || heard.ssi_signo != static_cast<uint32_t>(SIGCHLD);
  }
  for (Supervised& process : processes_) {
    read(process);
    DUCAT_TRY(reap(process));
    if (process.again.micros == 0 || now() < process.again) continue;
    DUCAT_TRY(launch(process));
  }
  return stop;
}

Status ProcessGroup::wait_until_ready(Duration limit) {
  const Timestamp end = now() + limit;
  while (true) {
    look_at_ports();
    auto late =
        std::find_if(processes_.begin(), processes_.end(), [](const Supervised& p) { return !p.ready; });
    if (late == processes_.end()) return {};
    if (now() > end) {
      return fail(Errc::kTimeout, late->child->spec().name + " did not get ready: " + late->last_line);
    }
    DUCAT_ASSIGN(bool stop, work(Duration::millis(20)));
    if (stop) return fail(Errc::kCancelled, "stopped before everything was ready");
  }
}

void ProcessGroup::stop(Duration limit) {
  for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
    Child& child = *process->child;
    const Timestamp end = now() + limit;
    child.stop();
    std::string how;
    while (child.running() && !child.ended(how)) {
      if (now() > end) {
        say(child.spec().name + " does not stop and is killed");
        child.kill();
      }
      pollfd waiting{child.output(), POLLIN, 0};
      poll(&waiting, 1, 20);
      for (Supervised& other : processes_) read(other);
    }
    read(*process);
  }
  processes_.clear();
  write_list();
}

// A new file under the old one's name, so that nobody reads half of it.
void ProcessGroup::write_list() {
  std::string text;
  rpc::JsonBuilder json(text);
  json.begin_array();
  for (const Supervised& process : processes_) {
    json.begin_object().key("name").text(process.child->spec().name);
    json.key("pid").number(process.child->running() ? process.child->pid() : 0);
    json.key("address").text(process.address).key("rpc").text(process.rpc).end_object();
  }
  json.end_array();
  std::string path = directory_ + "/processes.json";
  std::ofstream file(path + ".new", std::ios::trunc);
  file << text << '\n';
  file.close();
  if (!file || std::rename((path + ".new").c_str(), path.c_str()) != 0) say(path + " cannot be written");
}

}  // namespace ducat::app
