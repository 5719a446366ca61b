// Work that nobody waits for but that comes in bursts: tables behind the journal, moving logs into files. A
// burst must not hold up the threads that somebody waits for.
#pragma once

namespace ducat {

// Makes the calling thread one that runs in few long slices, after those that want a short one: it steps
// aside for them and still gets its fair share, because others do wait when it falls far behind (a lower
// priority would let it, on a busy machine). For good; post it to an executor of its own before other work.
// Where the system refuses, the thread stays as it is.
void make_background_thread();

}  // namespace ducat
