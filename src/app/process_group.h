// The children of the supervisor as one: their output in one file, their ends noticed, the dead started again
// after pauses that grow.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "app/child.h"
#include "base/time.h"

namespace ducat::app {

// A child, and what is known of its lives.
struct Supervised {
  std::unique_ptr<Child> child;
  std::string ready_text;  // a line that begins or ends so says that it is ready; empty: its port says it
  uint16_t port = 0;
  std::string address, rpc;  // worth showing
  bool ready = false;        // in this life
  bool ever_ready = false;
  int failures = 0;          // deaths one soon after the other
  Timestamp started, again;  // monotonic; `again`: when the next life begins, 0 while it lives
  std::string last_line;
};

// One thread: the process's first.
class ProcessGroup {
 public:
  // Who got ready and lived for `good_life` had a good life: its end is a first failure again. Shorter lives
  // make the pauses before the next start grow; only who has never been ready is given up.
  explicit ProcessGroup(std::string directory, Duration good_life = Duration::seconds(2));

  Status open();
  // Starts it, and again whenever it dies.
  Status add(Supervised added);
  // Works for at most `limit`: copies lines, reaps the dead, starts what is due. True: a signal asks us to
  // stop. kUnavailable: something has died too often; the message says what and what it said.
  Result<bool> work(Duration limit);
  // Works until all are ready. kTimeout names who is not; kCancelled: a signal asks us to stop.
  Status wait_until_ready(Duration limit);
  // Ends everything, the newest first, each within `limit` before it is killed.
  void stop(Duration limit);

  // A line of our own in the log.
  void say(const std::string& line) { write("supervisor", line); }
  void write(std::string_view name, std::string_view line);

 private:
  Status launch(Supervised& process);
  void read(Supervised& process);
  Status reap(Supervised& process);
  void look_at_ports();
  void write_list();

  const std::string directory_;
  const Duration good_life_;
  std::vector<Supervised> processes_;
  std::ofstream log_;
  size_t logged_ = 0;
  int signals_ = -1;  // a signalfd
};

}  // namespace ducat::app
