// Time as the rules see it: UTC microseconds, handed in. Nothing but SystemClock (base/system.h) asks the
// operating system, so the simulator can own time.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ducat {

// A span of time in microseconds.
struct Duration {
  int64_t micros = 0;
  auto operator<=>(const Duration&) const = default;
  static constexpr Duration seconds(int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration millis(int64_t n) { return {n * 1'000}; }
};

// A point in time: microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  int64_t micros = 0;
  auto operator<=>(const Timestamp&) const = default;
  int64_t millis() const { return micros / 1000; }
  // Days since 1970-01-01, UTC. Times before 1970 are not supported.
  int64_t utc_day() const { return micros / 86'400'000'000; }
};

constexpr Timestamp operator+(Timestamp t, Duration d) {
  return {t.micros + d.micros};
}
constexpr Timestamp operator-(Timestamp t, Duration d) {
  return {t.micros - d.micros};
}
constexpr Duration operator-(Duration a, Duration b) {
  return {a.micros - b.micros};
}
constexpr Duration operator-(Timestamp a, Timestamp b) {
  return {a.micros - b.micros};
}

// "2026-01-02T03:04:05.678Z": what every body and header carries (milliseconds, rounded down).
std::string to_iso8601(Timestamp time);
void append_iso8601(std::string& out, Timestamp time);

// RFC 3339 / ISO 8601 with a date, or a date and a time with zone (`Z`, `+02:00`; none means UTC) and up to
// nine fractional digits (cut to microseconds). Nothing for anything else or for years outside 1970–9999.
std::optional<Timestamp> parse_iso8601(std::string_view text);

// Where time comes from. Thread-safe. `now` may go backwards when the operator sets the clock; `monotonic`
// never does and has no meaning but its differences.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() = 0;
  virtual Timestamp monotonic() = 0;
};

}  // namespace ducat
