// Structured logs: one event, one line, on stderr.
//
//   log::info("wallet.recovered", {{"position", 12}, {"ms", 5}});
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","service":"ducat","event":"wallet.recovered","position":12,"ms":5}
//
// An event is a dotted name that never changes and never carries data; data goes into fields. The caller
// formats its line and puts it into a bounded queue, which a thread of spdlog's empties. A full queue drops
// its oldest line and never makes the caller wait; what was dropped is counted and reported as `log.dropped`.
// Work moves between threads, so a request's id is a field like any other: {log::kRequestId, id}.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"

namespace ducat::log {

enum class Level : unsigned char { kDebug, kInfo, kWarn, kError };
enum class Format : unsigned char { kAuto, kJson, kText };  // auto: text for a terminal

std::optional<Level> parse_level(std::string_view text);    // debug info warn error
std::optional<Format> parse_format(std::string_view text);  // auto json text

inline constexpr std::string_view kRequestId = "request_id";

// A key and a value. Views live until the call returns. Values are never secrets.
struct Field {
  std::string_view key;
  std::variant<bool, int64_t, uint64_t, std::string_view> value;

  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, std::signed_integral auto v) : key(k), value(static_cast<int64_t>(v)) {}
  Field(std::string_view k, std::unsigned_integral auto v) : key(k), value(static_cast<uint64_t>(v)) {}
};
using Fields = std::initializer_list<Field>;

struct Options {
  Format format = Format::kAuto;
  Level level = Level::kInfo;
  std::string service = "ducat";
  size_t queue_lines = 8'192;  // a slot is about 400 bytes
  Clock* clock = nullptr;      // none: the machine's
  // Where lines go, each with its newline; called from the log's thread. None: stderr.
  std::function<void(std::string_view)> write = {};
};

// Starts the log's thread. Until then, and after `stop`, lines are written at once by the thread that logs.
// From then on a failed DUCAT_CHECK has what was logged written before the process ends.
// Fails when no thread can be started. Not to be called by several threads at once.
Status start(Options options);
// Writes what waits and ends the thread. Harmless when not started.
void stop();
// Waits until everything logged before is written, at most `limit`. False if that was not enough.
bool flush(Duration limit = Duration::seconds(2));
// Lines dropped since the start because the queue was full.
uint64_t dropped();

// Thread-safe; never block, never fail.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});
// An operational failure: its code, message and whether a retry may help become fields.
void error(std::string_view event, const Error& failure, Fields fields = {});

// One line without its newline, as `start`ed logs write it. A value is cut at 8 KiB; bytes that are not UTF-8
// become U+FFFD, and nothing in a value can end the line.
std::string format_json(Timestamp time, Level level, std::string_view service, std::string_view event,
                        std::span<const Field> fields);
std::string format_text(Timestamp time, Level level, std::string_view event, std::span<const Field> fields);

}  // namespace ducat::log
