// Work that should take what processor time others leave: tables behind the journal, moving logs into files.
// Nobody waits for it, but it comes in bursts, and a burst must not hold up the threads that somebody waits
// for.
#pragma once

namespace ducat {

// Lowers the calling thread's priority for good; post it to an executor of its own before other work. It does
// not starve: whoever depends on its progress bounds the lag and waits. Where the system refuses, the thread
// stays as it is.
void make_background_thread();

}  // namespace ducat
