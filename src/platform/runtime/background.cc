// See background.h: SCHED_BATCH, and a long slice for the EEVDF scheduler (sched_setattr(2)). Kernels before
// 6.12 know only the former.
#include "platform/runtime/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace ducat {
namespace {

// struct sched_attr of the kernel's first version, which glibc has not got.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_BATCH;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_nanos = 20'000'000;  // the slice: seven times the usual one
  uint64_t deadline_nanos = 0;
  uint64_t period_nanos = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48, "SCHED_ATTR_SIZE_VER0");

}  // namespace

void make_background_thread() {
  SchedulingAttributes attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);  // this thread's, as it is
  // No right is needed for it; a sandbox that forbids the call costs speed and nothing else.
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace ducat
