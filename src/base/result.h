// What an operation that can fail answers: a value, or an Error that says what went wrong and whether to
// try again. Three kinds of failure have three mechanisms (docs/adr/0001): a business refusal is a value of
// the domain, an operational failure is a Result, a programmer's error is a check (base/check.h).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace ducat {

enum class Errc : unsigned char {
  kInvalid,      // the caller's input is wrong
  kNotFound,     // there is no such thing
  kConflict,     // it exists already, or somebody else changed it
  kUnavailable,  // a dependency is down or overloaded: try again later
  kTimeout,      // no answer in time; whether it happened is unknown
  kFull,         // a disk or a bounded queue is full
  kCorrupt,      // stored bytes do not pass their check
  kFenced,       // another process leads now
  kBusy,         // the thing is in use (a directory, a port)
  kIo,           // the operating system or the database failed
  kCancelled,    // we are stopping
};

const char* to_string(Errc code);

struct Error {
  Errc code = Errc::kIo;
  std::string message;  // for operators and logs; never sent to a caller as it is

  // Whether the same request may succeed later without anybody mending anything.
  bool retryable() const {
    return code == Errc::kUnavailable || code == Errc::kTimeout || code == Errc::kFull ||
           code == Errc::kCancelled;
  }
};

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Status = Result<void>;

inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

template <typename T>
std::unexpected<Error> propagate(Result<T>& result) {
  return std::unexpected<Error>(std::move(result.error()));
}

}  // namespace ducat

// Returns the error of `expr` from the enclosing function (or coroutine: DUCAT_CO_TRY).
#define DUCAT_TRY(expr) \
  if (auto ducat_try_result = (expr); !ducat_try_result) return ::ducat::propagate(ducat_try_result)
#define DUCAT_CO_TRY(expr) \
  if (auto ducat_try_result = (expr); !ducat_try_result) co_return ::ducat::propagate(ducat_try_result)
#define DUCAT_CONCAT_(a, b) a##b
#define DUCAT_CONCAT(a, b) DUCAT_CONCAT_(a, b)
// DUCAT_ASSIGN(auto rows, connection.query(...)): declares `rows`, or returns the error.
#define DUCAT_ASSIGN_(tmp, lhs, expr)       \
  auto tmp = (expr);                        \
  if (!tmp) return ::ducat::propagate(tmp); \
  lhs = std::move(*tmp)
#define DUCAT_ASSIGN(lhs, expr) DUCAT_ASSIGN_(DUCAT_CONCAT(ducat_result_, __LINE__), lhs, expr)
