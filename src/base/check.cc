// The end of a process whose state can no longer be trusted.
#include "base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace ducat {
namespace {

std::atomic<void (*)()> g_hook{nullptr};

}  // namespace

void set_check_hook(void (*hook)()) {
  g_hook.store(hook);
}

void check_failed(const char* condition, const char* file, int line, const char* why) {
  std::fprintf(stderr, "ducat: check failed: %s (%s) at %s:%d\n", why, condition, file, line);
  // Exchanged, so that a check that fails inside the hook ends the process too.
  if (auto* hook = g_hook.exchange(nullptr); hook != nullptr) hook();
  std::abort();
}

}  // namespace ducat
