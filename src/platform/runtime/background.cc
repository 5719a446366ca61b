// See background.h. On Linux a niceness belongs to a thread, whatever POSIX says (setpriority(2)).
#include "platform/runtime/background.h"

#include <sys/resource.h>
#include <unistd.h>

namespace ducat {

void make_background_thread() {
  // A tenth of the weight of a thread at 0: seldom in the way, and still some share on a machine that others
  // keep busy.
  constexpr int kNiceness = 10;
  // Lowering one's own priority needs no right; a sandbox that forbids the call costs speed and nothing else.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
}

}  // namespace ducat
