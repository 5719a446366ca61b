// What a process has used, from /proc: the cost of a transfer in processor time says more than its rate on a
// machine that the load generator shares.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace ducat::load {

struct ProcessUse {
  int64_t cpu_micros = 0;    // user and system, all threads
  int64_t rss_peak_kib = 0;  // largest resident set so far
};

// This process: getrusage(2).
ProcessUse own_use();

// Another one of ours or any we may read: proc(5), stat fields 14 and 15, and VmHWM of status. Resolution 10
// ms. kNotFound when there is no such process.
Result<ProcessUse> use_of(int pid);

}  // namespace ducat::load
