// Checks that stay on in release. A failed check is a programmer's error: the process stops, which is safe,
// because everything that was acknowledged is in the journal.
#pragma once

namespace ducat {

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const char* why);

// Runs once, on the failing thread, after the failure is on stderr and before the process stops: the log has
// its queue written. Must not wait for long.
void set_check_hook(void (*hook)());

}  // namespace ducat

#define DUCAT_CHECK(condition, why)                  \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? void()                                      \
       : ::ducat::check_failed(#condition, __FILE__, __LINE__, why))
