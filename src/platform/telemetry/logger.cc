// The queue and the thread are spdlog's asynchronous logger; lines are formatted before they enter it.
#include "platform/telemetry/logger.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/check.h"
#include "base/system.h"

namespace ducat::log {
namespace {

SystemClock g_machine_clock;
std::atomic<Level> g_level{Level::kInfo};

void write_stderr(std::string_view line) {
  while (!line.empty()) {
    ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a log that cannot be written has nowhere to say so
    line.remove_prefix(static_cast<size_t>(written));
  }
}

bool wants_json(Format format) {
  return format == Format::kJson || (format == Format::kAuto && isatty(STDERR_FILENO) == 0);
}

// A line of this level is no line but a flush request: its text is a ticket.
constexpr auto kTicketLevel = spdlog::level::critical;

// Hands lines on, in order, and remembers the newest ticket it met, so that a caller can wait for his.
class LineSink final : public spdlog::sinks::sink {
 public:
  explicit LineSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

  void log(const spdlog::details::log_msg& message) override {
    std::string_view text(message.payload.data(), message.payload.size());
    message.level == kTicketLevel ? punch(text) : write_(text);
    if (report_drops) report_drops();
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  void write(std::string_view line) { write_(line); }
  bool wait_for(uint64_t ticket, Duration limit) {
    std::unique_lock lock(mutex_);
    return punched_.wait_for(lock, std::chrono::microseconds(limit.micros),
                             [&] { return newest_ >= ticket; });
  }

  std::function<void()> report_drops;  // set before the first line

 private:
  void punch(std::string_view text) {
    uint64_t ticket = 0;
    std::from_chars(text.data(), text.data() + text.size(), ticket);
    std::lock_guard lock(mutex_);
    newest_ = std::max(newest_, ticket);
    punched_.notify_all();
  }

  std::function<void(std::string_view)> write_;
  std::mutex mutex_;
  std::condition_variable punched_;
  uint64_t newest_ = 0;
};

// A started log.
struct Running {
  explicit Running(Options options_in)
      : options(std::move(options_in)),
        json(wants_json(options.format)),
        clock(options.clock != nullptr ? *options.clock : g_machine_clock),
        sink(std::make_shared<LineSink>(options.write ? options.write : write_stderr)),
        pool(std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1)),
        logger(std::make_shared<spdlog::async_logger>("ducat", sink, pool,
                                                      spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(spdlog::level::trace);
    sink->report_drops = [this] { report_drops(); };
  }

  // The pool goes first: it empties its queue into the sink and joins its thread, which uses all the rest.
  ~Running() { pool.reset(); }

  std::string line(Level level, std::string_view event, std::span<const Field> fields) const {
    std::string out = json ? format_json(clock.now(), level, options.service, event, fields)
                           : format_text(clock.now(), level, event, fields);
    out += '\n';
    return out;
  }

  // On the log's thread, past the queue: the line that reports drops must not cause one.
  void report_drops() {
    size_t now = dropped.load(std::memory_order_relaxed);
    if (now == reported) return;
    Field lines("lines", now - reported);
    sink->write(line(Level::kWarn, "log.dropped", {&lines, 1}));
    reported = now;
  }

  Options options;
  bool json;
  Clock& clock;
  std::shared_ptr<LineSink> sink;
  std::atomic<uint64_t> tickets{0};
  std::atomic<size_t> dropped{0};
  size_t reported = 0;  // the log's thread only
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

// Shared by those who log, exclusive for start and stop.
std::shared_mutex g_mutex;
std::unique_ptr<Running> g_running;

void write(Level level, std::string_view event, std::span<const Field> fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  std::shared_lock lock(g_mutex);
  if (!g_running) {
    write_stderr(format_text(g_machine_clock.now(), level, event, fields) + '\n');
    return;
  }
  std::string line = g_running->line(level, event, fields);
  g_running->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  g_running->dropped.store(g_running->pool->overrun_counter(), std::memory_order_relaxed);
}

bool flush_running(Running& running, Duration limit) {
  // A ticket can be dropped from a full queue like any line: take another one, a few times.
  constexpr int kAttempts = 4;
  for (int i = 0; i < kAttempts; ++i) {
    uint64_t ticket = running.tickets.fetch_add(1) + 1;
    std::string text = std::to_string(ticket);
    running.logger->log(kTicketLevel, spdlog::string_view_t(text.data(), text.size()));
    if (running.sink->wait_for(ticket, Duration{limit.micros / kAttempts})) return true;
  }
  return false;
}

// The failing thread may hold the lock, or be the log's own: try, and for a second only.
void flush_at_failed_check() {
  std::shared_lock lock(g_mutex, std::try_to_lock);
  if (lock && g_running) (void)flush_running(*g_running, Duration::seconds(1));
}

}  // namespace

Status start(Options options) {
  stop();
  Level level = options.level;
  try {
    auto running = std::make_unique<Running>(std::move(options));
    std::unique_lock lock(g_mutex);
    g_running = std::move(running);
  } catch (const std::exception& e) {
    return fail(Errc::kIo, std::string("the log cannot start: ") + e.what());
  }
  g_level.store(level, std::memory_order_relaxed);
  set_check_hook(flush_at_failed_check);
  return {};
}

void stop() {
  std::unique_ptr<Running> ended;
  {
    std::unique_lock lock(g_mutex);
    ended = std::move(g_running);
  }
  g_level.store(Level::kInfo, std::memory_order_relaxed);
}

bool flush(Duration limit) {
  std::shared_lock lock(g_mutex);
  return !g_running || flush_running(*g_running, limit);
}

uint64_t dropped() {
  std::shared_lock lock(g_mutex);
  return g_running ? g_running->pool->overrun_counter() : 0;
}

void debug(std::string_view event, Fields fields) {
  write(Level::kDebug, event, {fields.begin(), fields.size()});
}
void info(std::string_view event, Fields fields) {
  write(Level::kInfo, event, {fields.begin(), fields.size()});
}
void warn(std::string_view event, Fields fields) {
  write(Level::kWarn, event, {fields.begin(), fields.size()});
}
void error(std::string_view event, Fields fields) {
  write(Level::kError, event, {fields.begin(), fields.size()});
}

void error(std::string_view event, const Error& failure, Fields fields) {
  std::vector<Field> all(fields);
  all.emplace_back("code", to_string(failure.code));
  all.emplace_back("message", failure.message);
  all.emplace_back("retryable", failure.retryable());
  write(Level::kError, event, all);
}

}  // namespace ducat::log
