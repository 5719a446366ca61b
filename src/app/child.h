// A process that the supervisor has started: its output a line at a time, its end, and the certainty that it
// does not outlive us, however we end.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ducat::app {

struct ChildSpec {
  std::string name;
  std::vector<std::string> command;      // the program's path first
  std::vector<std::string> environment;  // NAME=value, all of it
  bool unprivileged = false;             // gives up root, if we have it (PostgreSQL insists)
  int stop_signal = 15;                  // SIGTERM
  int death_signal = 9;                  // SIGKILL: what the kernel sends it when we are gone
};

// One thread, the one that lives as long as the process: the kernel watches the thread that forked.
class Child {
 public:
  explicit Child(ChildSpec spec) : spec_(std::move(spec)) {}
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // kIo: it could not be forked. A program that is not there ends at once, with a line that says so.
  Status start();
  // Where its stdout and stderr arrive; -1 when it has none any more.
  int output() const { return output_; }
  // Reads what is there and hands over every whole line. At most 64 KiB wait for a line's end.
  void read_lines(const std::function<void(std::string_view)>& line);
  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  // Looks whether it has ended; true once, when it has. `how` then says so: "exit 2", "signal 9".
  bool ended(std::string& how);
  void signal(int number) const;
  void stop() const { signal(spec_.stop_signal); }
  // SIGKILL to it and its own children.
  void kill() const;

  const ChildSpec& spec() const { return spec_; }

 private:
  void close_output();

  ChildSpec spec_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::string partial_;
};

// Runs it to its end, at most `limit`. kIo with its last line when it fails, kTimeout when it was killed.
Status run_to_end(ChildSpec spec, Duration limit, const std::function<void(std::string_view)>& line);

// Whether we are root, and whom an unprivileged child then runs as. kNotFound: there is no such user.
bool is_root();
struct Unprivileged {
  uid_t user;
  gid_t group;
};
Result<Unprivileged> unprivileged_user();

}  // namespace ducat::app
