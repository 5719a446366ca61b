// A server program as a child of a test program: found, started without a shell, ended with nothing left.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ducat::broker::testing {

// The program's path if it is installed: on the path, or in one of Debian's places for servers; else empty.
std::string find_program(const std::string& name);
// A port of 127.0.0.1 that nobody listens on now.
uint16_t free_port();
// The last of a log file, for messages.
std::string tail_of(const std::string& file);

// One thread; the child dies with the thread that started it.
class ServerProcess {
 public:
  ServerProcess() = default;
  ~ServerProcess() { kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // `environment` ("NAME=value") is added to ours; output goes to the end of `log`.
  Status start(const std::vector<std::string>& command, const std::vector<std::string>& environment,
               const std::string& log);
  // The child and everything it started. Return when the child has gone.
  void kill();
  void terminate(Duration limit);  // SIGTERM first
  bool running();
  pid_t pid() const { return child_; }

  // Until somebody listens on the port; kIo if the child ends before, with the end of its log.
  Status wait_for_port(uint16_t port, Duration limit);

 private:
  pid_t child_ = -1;
  std::string log_;
};

}  // namespace ducat::broker::testing
